"""python3-cryptography reads and verifies OCSP answers and a CRL, and asks by POST and GET.

Usage: judge.py ROOT.pem BASE_URL CERT.pem... ; prints "NAME METHOD STATUS REASON" and "crl NAME listed|absent" lines.
"""
import base64
import os
import sys
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509 import ocsp


def verify(key, signature, data, algorithm):
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(algorithm))
    else:
        key.verify(signature, data, padding.PKCS1v15(), algorithm)


def ask(url, request, method):
    if method == "POST":
        headers = {"Content-Type": "application/ocsp-request"}
        sent = urllib.request.Request(url, data=request, headers=headers)
    else:
        sent = urllib.request.Request(url + "/" + urllib.parse.quote(base64.b64encode(request), safe=""))
    with urllib.request.urlopen(sent, timeout=10) as answer:
        return ocsp.load_der_ocsp_response(answer.read())


def judge(root, certificate, response, serial):
    delegate = response.certificates[0]
    verify(root.public_key(), delegate.signature, delegate.tbs_certificate_bytes, delegate.signature_hash_algorithm)
    verify(delegate.public_key(), response.signature, response.tbs_response_bytes, response.signature_hash_algorithm)
    assert response.serial_number == serial
    assert response.this_update == response.produced_at < response.next_update
    reason = response.revocation_reason.value if response.revocation_reason else "-"
    return f"{response.certificate_status.name.lower()} {reason}"


def main():
    root = x509.load_pem_x509_certificate(open(sys.argv[1], "rb").read())
    base = sys.argv[2]
    with urllib.request.urlopen(base + "/crl/root.crl", timeout=10) as answer:
        crl = x509.load_der_x509_crl(answer.read())
    assert crl.is_signature_valid(root.public_key())
    for file in sys.argv[3:]:
        name = os.path.basename(file).removesuffix(".pem")
        certificate = x509.load_pem_x509_certificate(open(file, "rb").read())
        for algorithm in (hashes.SHA1(), hashes.SHA256()):
            request = ocsp.OCSPRequestBuilder().add_certificate(certificate, root, algorithm).build()
            der = request.public_bytes(serialization.Encoding.DER)
            for method in ("POST", "GET"):
                response = ask(base + "/ocsp", der, method)
                print(name, method, algorithm.name, judge(root, certificate, response, certificate.serial_number))
        listed = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        print("crl", name, "listed" if listed else "absent")


main()
