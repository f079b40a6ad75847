#include "peer-table.h"

#include <netinet/in.h>
#include <sys/stat.h>

#include <cstring>

namespace sekisho {
namespace {

// A peer at its bound costs one recount in this time, however often it connects.
constexpr uint64_t kRecountEveryMs = 20;

// An IPv4 address, or the first 64 bits of an IPv6 address: a site gets no less, so it could change the rest at will.
uint64_t PeerKey(const sockaddr_storage& peer) {
  constexpr uint64_t kIpv4 = 0xffffffff00000000;
  if (peer.ss_family == AF_INET) return kIpv4 | reinterpret_cast<const sockaddr_in*>(&peer)->sin_addr.s_addr;
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_addr;
  uint32_t mapped;
  memcpy(&mapped, address.s6_addr + 12, sizeof mapped);
  if (IN6_IS_ADDR_V4MAPPED(&address)) return kIpv4 | mapped;
  uint64_t network;
  memcpy(&network, address.s6_addr, sizeof network);
  return network;
}

// Inode of an open descriptor, or 0.
ino_t InodeOf(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

bool PeerTable::Admit(int fd, const sockaddr_storage& peer, uint64_t nowMs) {
  Forget(fd);  // accept returned the descriptor, so what had it before is closed
  const uint64_t key = PeerKey(peer);
  if (peers_[key].connections >= mostPerPeer_ && nowMs - peers_[key].recountedMs >= kRecountEveryMs) {
    Recount(key);
    peers_[key].recountedMs = nowMs;
  }
  if (peers_[key].connections >= mostPerPeer_) return false;
  if (static_cast<size_t>(fd) >= connections_.size()) connections_.resize(static_cast<size_t>(fd) + 1);
  connections_[static_cast<size_t>(fd)] = {key, InodeOf(fd), true};
  peers_[key].connections++;
  return true;
}

void PeerTable::Forget(int fd) {
  if (static_cast<size_t>(fd) >= connections_.size()) return;
  Connection& connection = connections_[static_cast<size_t>(fd)];
  if (!connection.counted) return;
  connection.counted = false;
  const auto peer = peers_.find(connection.peer);
  if (--peer->second.connections == 0) peers_.erase(peer);
}

void PeerTable::Recount(uint64_t peer) {
  for (size_t fd = 0; fd < connections_.size(); fd++) {
    const Connection& connection = connections_[fd];
    if (connection.counted && connection.peer == peer && InodeOf(static_cast<int>(fd)) != connection.inode)
      Forget(static_cast<int>(fd));
  }
}

}  // namespace sekisho
