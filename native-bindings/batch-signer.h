// Signs batches of digests on native threads, each with a session of its own.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sekisho {

using Octets = std::vector<uint8_t>;

// What one thread signs with. A session that failed is given up, and the thread opens another for its next digest.
class SigningSession {
 public:
  virtual ~SigningSession() = default;
  // Fills `signature`; returns the fault, "" if there is none.
  virtual std::string Sign(const uint8_t* input, size_t length, Octets* signature) = 0;
};

// Opens a session in the calling thread; nullptr with the fault in *fault. Called by several threads at once.
using OpenSession = std::function<std::unique_ptr<SigningSession>(std::string* fault)>;

// Reads {module, slot, keyIdentifier, mechanism, signatureOctets}: a key in a PKCS#11 token that this process has
// initialised and logged in to. Throws TypeError or Error and returns nullptr.
OpenSession Pkcs11Sessions(Napi::Object source);

// Reads {privateKey, digestName}: DER PKCS#8 octets, signed with by the OpenSSL that Node exports. Throws likewise.
OpenSession OpensslSessions(Napi::Object source);

// The octets of a Uint8Array property, of which there must be 1 to `most`; throws TypeError and returns false otherwise.
bool ReadOctets(Napi::Object source, const char* name, size_t most, Octets* out);

}  // namespace sekisho
