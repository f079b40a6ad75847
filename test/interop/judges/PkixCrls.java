import java.io.FileInputStream;
import java.security.Security;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.Set;

/**
 * Validates certificates against CRL files. Standard input: lines of `sun|bc ISSUER.der CERT.der CRL.der...`.
 * Standard output: a line for each: `good`, `revoked` or `refused: WHY`. `bc` is Bouncy Castle's validator with delta
 * CRLs enabled; it is loaded by name, so that this runs without it.
 */
public class PkixCrls {
  public static void main(String[] args) throws Exception {
    var factory = CertificateFactory.getInstance("X.509");
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String[] words = lines.nextLine().split(" ");
      List<Object> crls = new ArrayList<>();
      for (int i = 3; i < words.length; i++) crls.add(factory.generateCRL(new FileInputStream(words[i])));
      var issuer = (X509Certificate) factory.generateCertificate(new FileInputStream(words[1]));
      var certificate = factory.generateCertificate(new FileInputStream(words[2]));
      var path = factory.generateCertPath(List.of(certificate));
      var parameters = new PKIXParameters(Set.of(new TrustAnchor(issuer, null)));
      parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
      System.out.println(verdict(words[0].equals("bc"), path, parameters));
    }
  }

  private static String verdict(boolean bouncy, java.security.cert.CertPath path, PKIXParameters parameters) {
    try {
      if (bouncy) bouncyValidator().validate(path, withDeltas(parameters));
      else CertPathValidator.getInstance("PKIX").validate(path, parameters);
      return "good";
    } catch (CertPathValidatorException error) {
      boolean revoked =
          error.getReason() == CertPathValidatorException.BasicReason.REVOKED
              || String.valueOf(error.getMessage()).contains("revocation after");
      return revoked ? "revoked" : "refused: " + error;
    } catch (Exception error) {
      return "refused: " + error;
    }
  }

  private static CertPathValidator bouncyValidator() throws Exception {
    if (Security.getProvider("BC") == null)
      Security.addProvider(
          (java.security.Provider)
              Class.forName("org.bouncycastle.jce.provider.BouncyCastleProvider").getConstructor().newInstance());
    return CertPathValidator.getInstance("PKIX", "BC");
  }

  private static java.security.cert.CertPathParameters withDeltas(PKIXParameters parameters) throws Exception {
    Class<?> builder = Class.forName("org.bouncycastle.jcajce.PKIXExtendedParameters$Builder");
    Object made = builder.getConstructor(PKIXParameters.class).newInstance(parameters);
    builder.getMethod("setUseDeltasEnabled", boolean.class).invoke(made, true);
    return (java.security.cert.CertPathParameters) builder.getMethod("build").invoke(made);
  }
}
