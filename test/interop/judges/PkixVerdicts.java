import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CRLReason;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.Extension;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Validates certificates with a PKIXRevocationChecker that may not fall back: it believes OCSP, or the CRL, or nobody.
 * Where to ask is in the certificate.
 * Standard input: lines of `ocsp|ocsp-nonce|crl ISSUER.pem CERT.pem`. Standard output: a line for each: `good`,
 * `revoked REASON UNIXTIME` or `refused: WHY`.
 * Argument: class of the provider to use in place of Java's own.
 */
public class PkixVerdicts {
  public static void main(String[] args) throws Exception {
    CertPathValidator validator = args.length == 0
        ? CertPathValidator.getInstance("PKIX")
        : CertPathValidator.getInstance("PKIX", added(args[0]));
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String[] words = lines.nextLine().split(" ");
      System.out.println(verdict(validator, words[0], read(words[1]), read(words[2])));
    }
  }

  private static Provider added(String name) throws Exception {
    Provider provider = (Provider) Class.forName(name).getDeclaredConstructor().newInstance();
    Security.addProvider(provider);
    return provider;
  }

  private static X509Certificate read(String file) throws Exception {
    try (var in = Files.newInputStream(Path.of(file))) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static String verdict(CertPathValidator validator, String mode, X509Certificate issuer, X509Certificate certificate)
      throws Exception {
    PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
    EnumSet<Option> options = EnumSet.of(Option.NO_FALLBACK);
    if (mode.equals("crl")) options.add(Option.PREFER_CRLS);
    checker.setOptions(options);
    if (mode.equals("ocsp-nonce")) checker.setOcspExtensions(List.of(nonce()));
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(issuer, null)));
    parameters.addCertPathChecker(checker);
    CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate));
    try {
      validator.validate(path, parameters);
      return "good";
    } catch (CertPathValidatorException error) {
      return error.getCause() instanceof CertificateRevokedException revoked
          ? "revoked " + spelled(revoked.getRevocationReason()) + " " + revoked.getRevocationDate().getTime() / 1000
          : "refused: " + error.getMessage();
    }
  }

  /** As RFC 5280 spells it: KEY_COMPROMISE is keyCompromise. */
  private static String spelled(CRLReason reason) {
    String name = reason.name().toLowerCase(Locale.ROOT);
    return Pattern.compile("_(.)").matcher(name).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT));
  }

  /** id-pkix-ocsp-nonce with 32 octets (RFC 9654): an OCTET STRING inside that of extnValue. */
  private static Extension nonce() {
    byte[] octets = new byte[32];
    new SecureRandom().nextBytes(octets);
    String value = "0420" + HexFormat.of().formatHex(octets);
    String der = "302f06092b06010505073001020422" + value;
    return new Extension() {
      public String getId() { return "1.3.6.1.5.5.7.48.1.2"; }
      public boolean isCritical() { return false; }
      public byte[] getValue() { return HexFormat.of().parseHex(value); }
      public void encode(OutputStream out) throws IOException { out.write(HexFormat.of().parseHex(der)); }
    };
  }
}
