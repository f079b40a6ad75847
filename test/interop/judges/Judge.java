import java.io.FileInputStream;
import java.net.URI;
import java.security.Security;
import java.security.cert.*;
import java.util.*;

/**
 * Java's own PKIX path validation with revocation checking. Usage: java Judge.java ROOT.pem URL (get|post) (ocsp|crl) CERT.pem...
 * Prints one line a certificate: "NAME good", "NAME revoked REASON" or "NAME failed MESSAGE".
 */
public class Judge {
  public static void main(String[] args) throws Exception {
    X509Certificate root = read(args[0]);
    // Requests shorter than 255 bytes go by GET unless this says otherwise.
    Security.setProperty("com.sun.security.ocsp.useget", String.valueOf(args[2].equals("get")));
    System.setProperty("com.sun.security.ocsp.useget", String.valueOf(args[2].equals("get")));
    for (String file : Arrays.copyOfRange(args, 4, args.length))
      System.out.println(file.replaceAll(".*/|\\.pem", "") + " " + judge(root, URI.create(args[1]), args[3], read(file)));
  }

  static String judge(X509Certificate root, URI url, String how, X509Certificate certificate) throws Exception {
    PKIXRevocationChecker checker = (PKIXRevocationChecker) CertPathValidator.getInstance("PKIX").getRevocationChecker();
    Set<PKIXRevocationChecker.Option> options = EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK);
    if (how.equals("crl")) options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
    else checker.setOcspResponder(url);
    checker.setOptions(options);
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
    parameters.addCertPathChecker(checker);
    CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate));
    try {
      CertPathValidator.getInstance("PKIX").validate(path, parameters);
      return "good";
    } catch (CertPathValidatorException fault) {
      for (Throwable at = fault; at != null; at = at.getCause())
        if (at instanceof CertificateRevokedException)
          return "revoked " + ((CertificateRevokedException) at).getRevocationReason();
      return "failed " + fault.getMessage();
    }
  }

  static X509Certificate read(String file) throws Exception {
    try (FileInputStream in = new FileInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }
}
