// Which transport a connection belongs to, judged from the bytes that have arrived.
#pragma once

#include <cstdint>
#include <string_view>

namespace sekisho {

enum class HeadVerdict {
  kIncomplete,
  // A whole HTTP/1.1 head that uWebSockets.js and our own rules read alike.
  kPlain,
  // Everything else: HTTP/1.0, malformed, too large, or framed in a way on which parsers differ. Our own transport answers it.
  kOther,
};

// `head` may hold bytes of a body behind the head. A Content-Length above `maxBodyBytes` is not plain.
HeadVerdict JudgeHead(std::string_view head, uint32_t maxBodyBytes);

}  // namespace sekisho
