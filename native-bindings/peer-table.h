// Counts open connections of each peer without being told when one ends.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace sekisho {

// The transports do not report the end of a connection (uWebSockets.js has no cheap way to). The table remembers descriptor
// and inode of each connection it admitted. A descriptor that accept returns again has evidently been closed; only when a
// peer seems to have reached its bound are its descriptors compared with what the kernel says.
class PeerTable {
 public:
  explicit PeerTable(uint32_t mostPerPeer) : mostPerPeer_(mostPerPeer) {}

  // Counts a connection that has just been accepted; false if its peer has too many. `nowMs` is monotonic.
  bool Admit(int fd, const sockaddr_storage& peer, uint64_t nowMs);
  // The connection ended before a transport had it. To be called before its descriptor is closed.
  void Forget(int fd);

 private:
  struct Connection {
    uint64_t peer = 0;
    ino_t inode = 0;
    bool counted = false;
  };
  struct Peer {
    uint32_t connections = 0;
    uint64_t recountedMs = 0;
  };

  void Recount(uint64_t peer);

  uint32_t mostPerPeer_;
  std::vector<Connection> connections_;  // indexed by descriptor
  std::unordered_map<uint64_t, Peer> peers_;
};

}  // namespace sekisho
