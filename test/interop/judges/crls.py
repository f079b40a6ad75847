"""What python3-cryptography reads in CRL files: python3 crls.py ISSUER.der CRL.der..., one JSON document a line."""

import json
import sys

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

issuer = x509.load_der_x509_certificate(open(sys.argv[1], "rb").read())


def value(crl, oid, read):
    try:
        extension = crl.extensions.get_extension_for_oid(oid)
    except x509.ExtensionNotFound:
        return None
    return [extension.critical, read(extension.value)]


def urls(names):
    return [name.value for name in names]


for file in sys.argv[2:]:
    crl = x509.load_der_x509_crl(open(file, "rb").read())
    print(
        json.dumps(
            {
                "valid": crl.is_signature_valid(issuer.public_key()),
                "number": value(crl, ExtensionOID.CRL_NUMBER, lambda one: one.crl_number),
                "base": value(crl, ExtensionOID.DELTA_CRL_INDICATOR, lambda one: one.crl_number),
                "scope": value(
                    crl,
                    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
                    lambda one: [
                        urls(one.full_name),
                        one.only_contains_user_certs,
                        one.only_contains_ca_certs,
                    ],
                ),
                "freshest": value(
                    crl, ExtensionOID.FRESHEST_CRL, lambda one: [urls(point.full_name) for point in one]
                ),
                "serials": sorted("%x" % entry.serial_number for entry in crl),
            }
        )
    )
