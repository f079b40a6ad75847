import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Date;
import java.util.Scanner;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CRLEntryHolder;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.bc.BcDigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * Asks about certificates with Bouncy Castle's own request builder and verifies its own reading of the answer.
 * Standard input: lines of `get|get-nonce|post|post-nonce|crl ISSUER.pem CERT.pem`; where to ask is in the certificate.
 * Standard output: a line for each: `good`, `unknown`, `revoked REASON UNIXTIME` or `refused: WHY`.
 */
public class BouncyCastleVerdicts {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  public static void main(String[] args) throws Exception {
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String[] words = lines.nextLine().split(" ");
      X509CertificateHolder issuer = read(words[1]), certificate = read(words[2]);
      System.out.println(words[0].equals("crl") ? listed(issuer, certificate) : status(words[0], issuer, certificate));
    }
  }

  private static X509CertificateHolder read(String file) throws Exception {
    try (var pem = new PEMParser(Files.newBufferedReader(Path.of(file)))) {
      return (X509CertificateHolder) pem.readObject();
    }
  }

  private static ContentVerifierProvider keyOf(X509CertificateHolder certificate) throws Exception {
    return new JcaContentVerifierProviderBuilder().build(certificate);
  }

  private static byte[] fetch(HttpRequest.Builder request) throws Exception {
    return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()).body();
  }

  private static String listed(X509CertificateHolder issuer, X509CertificateHolder certificate) throws Exception {
    var name = CRLDistPoint.fromExtensions(certificate.getExtensions()).getDistributionPoints()[0].getDistributionPoint().getName();
    URI url = URI.create(GeneralNames.getInstance(name).getNames()[0].getName().toString());
    X509CRLHolder crl = new X509CRLHolder(fetch(HttpRequest.newBuilder(url)));
    if (!crl.isSignatureValid(keyOf(issuer))) return "refused: CRL signature";
    if (!crl.getIssuer().equals(issuer.getSubject())) return "refused: CRL issuer";
    X509CRLEntryHolder entry = crl.getRevokedCertificate(certificate.getSerialNumber());
    if (entry == null) return "good";
    CRLReason reason = CRLReason.getInstance(entry.getExtension(Extension.reasonCode).getParsedValue());
    return revoked(reason.getValue(), entry.getRevocationDate());
  }

  private static String status(String mode, X509CertificateHolder issuer, X509CertificateHolder certificate) throws Exception {
    DigestCalculator sha1 = new BcDigestCalculatorProvider().get(CertificateID.HASH_SHA1);
    CertificateID id = new CertificateID(sha1, issuer, certificate.getSerialNumber());
    OCSPReqBuilder builder = new OCSPReqBuilder().addRequest(id);
    Extension nonce = mode.endsWith("-nonce") ? nonce() : null;
    if (nonce != null) builder.setRequestExtensions(new Extensions(nonce));
    OCSPResp response = new OCSPResp(ask(mode, certificate, builder.build().getEncoded()));
    if (response.getStatus() != OCSPResp.SUCCESSFUL) return "refused: " + response.getStatus();
    BasicOCSPResp basic = (BasicOCSPResp) response.getResponseObject();
    X509CertificateHolder delegate = basic.getCerts()[0];
    if (!delegate.isSignatureValid(keyOf(issuer))) return "refused: delegate";
    if (!basic.isSignatureValid(keyOf(delegate))) return "refused: signature";
    Extension echo = basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
    if (nonce == null ? echo != null : !nonce.equals(echo)) return "refused: nonce";
    SingleResp single = basic.getResponses()[0];
    if (!single.getCertID().equals(id)) return "refused: certID";
    if (single.getThisUpdate().after(new Date()) || !single.getNextUpdate().after(new Date())) return "refused: times";
    if (single.getCertStatus() == null) return "good";
    if (single.getCertStatus() instanceof UnknownStatus) return "unknown";
    RevokedStatus status = (RevokedStatus) single.getCertStatus();
    return revoked(BigInteger.valueOf(status.getRevocationReason()), status.getRevocationTime());
  }

  private static Extension nonce() throws Exception {
    byte[] octets = new byte[32];
    new SecureRandom().nextBytes(octets);
    return new Extension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false, new DEROctetString(octets).getEncoded());
  }

  private static byte[] ask(String mode, X509CertificateHolder certificate, byte[] request) throws Exception {
    String url = "";
    for (AccessDescription access : AuthorityInformationAccess.fromExtensions(certificate.getExtensions()).getAccessDescriptions())
      if (access.getAccessMethod().equals(AccessDescription.id_ad_ocsp)) url = access.getAccessLocation().getName().toString();
    if (mode.startsWith("post"))
      return fetch(HttpRequest.newBuilder(URI.create(url))
          .header("Content-Type", "application/ocsp-request")
          .POST(BodyPublishers.ofByteArray(request)));
    String base64 = Base64.getEncoder().encodeToString(request);
    return fetch(HttpRequest.newBuilder(URI.create(url + "/" + URLEncoder.encode(base64, StandardCharsets.US_ASCII))));
  }

  private static String revoked(BigInteger reason, Date time) {
    String name = CRLReason.lookup(reason.intValue()).toString().replace("CRLReason: ", "");
    return "revoked " + name + " " + time.getTime() / 1000;
  }
}
