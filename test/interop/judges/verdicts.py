"""Asks about certificates and believes only what it has verified itself, with python3-cryptography.

Standard input: lines of `MODE ISSUER.pem CERT.pem`; where to ask is in the certificate. MODE is `crl`, or `get` or `post`
with a CertID hash and perhaps a nonce, as in `get-sha256-nonce`.
Standard output: a line for each: `good`, `unknown`, `revoked REASON UNIXTIME`, or `refused: WHY`.
"""

import base64
import calendar
import datetime
import os
import sys
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID


HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}


def require(condition, why):
    if not condition:
        raise ValueError(why)


def verify(signer, signature, signed, hash_algorithm):
    """Throws InvalidSignature."""
    key = signer.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hash_algorithm))
    else:
        key.verify(signature, signed, padding.PKCS1v15(), hash_algorithm)


def ocsp_url(certificate):
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    return next(a.access_location.value for a in access if a.access_method == AuthorityInformationAccessOID.OCSP)


def crl_url(certificate):
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return points[0].full_name[0].value


def fetch(url, body=None):
    request = urllib.request.Request(url, body, {"Content-Type": "application/ocsp-request"} if body else {})
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read()


def verified_crl(issuer, certificate):
    crl = x509.load_der_x509_crl(fetch(crl_url(certificate)))
    require(crl.issuer == issuer.subject, "CRL issuer")
    require(crl.is_signature_valid(issuer.public_key()), "CRL signature")
    now = datetime.datetime.utcnow()
    require(crl.last_update <= now < crl.next_update, "CRL times")
    require(crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > 0, "cRLNumber")
    return crl


def crl_verdict(issuer, certificate):
    entry = verified_crl(issuer, certificate).get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return "good"
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    return f"revoked {reason.value} {calendar.timegm(entry.revocation_date.timetuple())}"


def verify_signer(issuer, response):
    """The one certificate in the answer is a delegate of the issuer (RFC 6960 section 4.2.2.2) and signed the answer."""
    (delegate,) = response.certificates
    require(delegate.issuer == issuer.subject, "delegate's issuer")
    verify(issuer, delegate.signature, delegate.tbs_certificate_bytes, delegate.signature_hash_algorithm)
    usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    require(ExtendedKeyUsageOID.OCSP_SIGNING in usage, "delegate's extended key usage")
    delegate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    key_bits = x509.SubjectKeyIdentifier.from_public_key(delegate.public_key()).digest
    require(response.responder_key_hash == key_bits, "responderID")
    verify(delegate, response.signature, response.tbs_response_bytes, response.signature_hash_algorithm)


def ocsp_verdict(mode, issuer, certificate):
    method, cert_id_hash, *options = mode.split("-")
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, HASHES[cert_id_hash])
    nonce = os.urandom(32) if options else None
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    request = builder.build()
    der = request.public_bytes(serialization.Encoding.DER)
    url = ocsp_url(certificate)
    if method == "get":
        body = fetch(url + "/" + urllib.parse.quote(base64.b64encode(der), safe=""))
    else:
        body = fetch(url, der)
    response = ocsp.load_der_ocsp_response(body)
    require(response.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL, response.response_status)
    verify_signer(issuer, response)
    for field in ("issuer_name_hash", "issuer_key_hash", "serial_number"):
        require(getattr(response, field) == getattr(request, field), field)
    now = datetime.datetime.utcnow()
    require(response.this_update <= response.produced_at <= now < response.next_update, "times")
    nonces = [e.value.nonce for e in response.extensions if isinstance(e.value, x509.OCSPNonce)]
    # The octets of extnValue: this version does not unwrap the inner OCTET STRING.
    require([n[-32:] for n in nonces] == ([nonce] if nonce else []), "nonce")
    if response.certificate_status != ocsp.OCSPCertStatus.REVOKED:
        return response.certificate_status.name.lower()
    return f"revoked {response.revocation_reason.value} {calendar.timegm(response.revocation_time.timetuple())}"


def read(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


for line in sys.stdin:
    how, issuer_file, certificate_file = line.split()
    pair = (read(issuer_file), read(certificate_file))
    try:
        print(crl_verdict(*pair) if how == "crl" else ocsp_verdict(how, *pair))
    except (ValueError, InvalidSignature, x509.ExtensionNotFound) as error:
        print(f"refused: {error!r}")
