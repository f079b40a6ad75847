#include "head-verdict.h"

#include <cctype>

namespace sekisho {
namespace {

// uWebSockets keeps at most 50 fields in some releases.
constexpr int kMostFields = 40;

bool IsTokenChar(unsigned char c) {
  return isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool IsFieldValueChar(unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }

bool IsHostChar(unsigned char c) {
  return isalnum(c) || std::string_view("._~!$&'()*+,;=%:[]-").find(static_cast<char>(c)) != std::string_view::npos;
}

template <typename Predicate>
bool All(std::string_view text, Predicate predicate) {
  for (const unsigned char c : text)
    if (!predicate(c)) return false;
  return true;
}

// `lower` is in lower case.
bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); i++)
    if (tolower(static_cast<unsigned char>(text[i])) != lower[i]) return false;
  return true;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool IsPlainRequestLine(std::string_view line) {
  constexpr std::string_view kVersion = " HTTP/1.1";
  if (line.size() < kVersion.size() || line.substr(line.size() - kVersion.size()) != kVersion) return false;
  line.remove_suffix(kVersion.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view method = line.substr(0, space);
  const std::string_view target = line.substr(space + 1);
  if (method != "GET" && method != "POST" && method != "HEAD") return false;
  return !target.empty() && target[0] == '/' &&
         All(target, [](unsigned char c) { return c >= 0x21 && c <= 0x7e; });
}

// The fields that decide framing and connection, seen so far.
struct Tally {
  int fields = 0;
  int hosts = 0;
  int lengths = 0;
  uint32_t bodyBytes = 0;
};

bool ReadLength(std::string_view value, uint32_t maxBodyBytes, uint32_t* length) {
  if (value.empty() || value.size() > 9) return false;  // nine digits fit 32 bits
  *length = 0;
  for (const unsigned char c : value) {
    if (!isdigit(c)) return false;
    *length = *length * 10 + (c - '0');
  }
  return *length <= maxBodyBytes;
}

bool IsPlainField(std::string_view line, uint32_t maxBodyBytes, Tally* tally) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!All(name, IsTokenChar) || !All(value, IsFieldValueChar) || ++tally->fields > kMostFields) return false;
  if (EqualsIgnoringCase(name, "host")) return ++tally->hosts == 1 && All(value, IsHostChar);
  if (EqualsIgnoringCase(name, "content-length"))
    return ++tally->lengths == 1 && ReadLength(value, maxBodyBytes, &tally->bodyBytes);
  if (EqualsIgnoringCase(name, "connection")) return EqualsIgnoringCase(value, "keep-alive");
  return !EqualsIgnoringCase(name, "transfer-encoding") && !EqualsIgnoringCase(name, "expect") &&
         !EqualsIgnoringCase(name, "upgrade");
}

}  // namespace

HeadVerdict JudgeHead(std::string_view head, uint32_t maxBodyBytes) {
  Tally tally;
  bool first = true;
  for (;;) {
    const size_t lineFeed = head.find('\n');
    if (lineFeed == std::string_view::npos) return HeadVerdict::kIncomplete;
    if (lineFeed == 0 || head[lineFeed - 1] != '\r') return HeadVerdict::kOther;
    const std::string_view line = head.substr(0, lineFeed - 1);
    if (line.empty()) {
      // A request behind this one: uWebSockets cuts a connection that pipelines before it has its answer.
      const bool alone = head.size() - (lineFeed + 1) <= tally.bodyBytes;
      return !first && tally.hosts == 1 && alone ? HeadVerdict::kPlain : HeadVerdict::kOther;
    }
    if (!(first ? IsPlainRequestLine(line) : IsPlainField(line, maxBodyBytes, &tally))) return HeadVerdict::kOther;
    first = false;
    head.remove_prefix(lineFeed + 1);
  }
}

}  // namespace sekisho
