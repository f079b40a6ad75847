/*
 * Load generator: HTTP/1.1 requests over kept-alive connections from one thread with epoll, so that it costs a small
 * part of what a responder costs an answer. Open loop: the n-th request is due at start + n / rate whatever came of
 * the others, and its latency counts from then (no coordinated omission). Closed loop (rate 0): as fast as answers come.
 *
 * Usage: generator < PLAN > REPORT. The plan is written and the report, one JSON value, is read by run-generator.ts:
 *   "HOST PORT FROM|- CONNECTIONS RATE SECONDS SAMPLES QUESTIONS WATCHED", then " PID" of each process whose
 *   processor time is reported, "\n", then for each question
 *   "LENGTH NONCE_AT|-1 ALTERNATIVES\n" LENGTH octets, then for each alternative "LENGTH\n" and octets of which one
 *   must stand in the answer's body; without alternatives any answer is right.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WATCHED = 64, NONCE = 16, BUFFER = 16384, MAX_BODY = 1 << 20, WHY = 64, MAX_WHYS = 32, SUB = 128, BUCKETS = 64 * SUB };
static const double kTickSeconds = 100e-6, kLongestTickSeconds = 10e-3, kDeadlineSeconds = 10;

typedef struct {
  char *bytes;
  size_t length;
} Bytes;

typedef struct {
  Bytes request;
  int nonce_at, alternatives;
  Bytes *expect;
} Question;

typedef struct Connection {
  int fd, question;
  enum { CONNECTING, IDLE, WAITING } state;
  double due;
  char nonce[NONCE];
  char *in;
  size_t have, room;
  struct Connection *next_idle;
} Connection;

static struct {
  struct sockaddr_in to, from;
  int has_from, connections, samples, questions, watched;
  double rate, seconds;
  clockid_t clocks[MAX_WATCHED];
} plan;
static Question *questions;
static Connection *connections, *idle_first, *idle_last;
static int poller, timer, starved, ending;
static double start, watched_before;
static uint64_t sent, answered, latency[BUCKETS], lateness[BUCKETS];
static struct {
  char why[WHY];
  uint64_t count;
} whys[MAX_WHYS];
static int why_count;
static struct {
  int question;
  char nonce[NONCE];
  Bytes body;
} *samples;
static uint64_t sampled;
static uint64_t *each_second;
static int seconds_kept;

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(2);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

/* Processor time that the watched processes have used so far: to the nanosecond, where /proc counts in 10 ms. */
static double watched_cpu(void) {
  double seconds = 0;
  for (int i = 0; i < plan.watched; i++) {
    struct timespec time;
    if (clock_gettime(plan.clocks[i], &time) == 0) seconds += time.tv_sec + time.tv_nsec * 1e-9;
  }
  return seconds;
}

static void count(const char *format, ...) {
  char why[WHY];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why, sizeof why, format, arguments);
  for (int i = 0; i < why_count; i++)
    if (strcmp(whys[i].why, why) == 0) {
      whys[i].count++;
      return;
    }
  if (why_count == MAX_WHYS) return;
  memcpy(whys[why_count].why, why, sizeof why);
  whys[why_count++].count = 1;
}

/* Log-linear buckets of nanoseconds: under 1 % wide. */
static void record(uint64_t *histogram, double seconds) {
  uint64_t ns = seconds <= 0 ? 1 : (uint64_t)(seconds * 1e9);
  int shift = ns < 2 * SUB ? 0 : 63 - __builtin_clzll(ns) - 7;
  uint64_t index = (uint64_t)shift * SUB + (ns >> shift);
  histogram[index < BUCKETS ? index : BUCKETS - 1]++;
}

/* Upper end of a bucket in milliseconds. */
static double bucket_ms(int index) {
  int shift = index < 2 * SUB ? 0 : index / SUB - 1;
  return (double)((uint64_t)(index - shift * SUB + 1) << shift) / 1e6;
}

static void push_idle(Connection *c) {
  c->state = IDLE;
  c->next_idle = NULL;
  if (idle_first == NULL)
    idle_first = c;
  else
    idle_last->next_idle = c;
  idle_last = c;
}

static void remove_idle(Connection *c) {
  Connection *before = NULL;
  for (Connection *at = idle_first; at != NULL; before = at, at = at->next_idle)
    if (at == c) {
      if (before == NULL)
        idle_first = c->next_idle;
      else
        before->next_idle = c->next_idle;
      if (idle_last == c) idle_last = before;
      return;
    }
}

static void open_connection(Connection *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket: %s", strerror(errno));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (plan.has_from) {
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&plan.from, sizeof plan.from) != 0) die("bind: %s", strerror(errno));
  }
  c->state = CONNECTING;
  c->have = 0;
  if (connect(c->fd, (struct sockaddr *)&plan.to, sizeof plan.to) != 0 && errno != EINPROGRESS)
    die("connect: %s", strerror(errno));
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

/* The connection is gone; `why` says what became of the request under way, NULL for the server's own right. */
static void lose(Connection *c, const char *why) {
  if (c->state == IDLE) remove_idle(c);
  if (c->state == WAITING) count("no answer: %s", why == NULL ? "closed" : why);
  if (c->state == CONNECTING) {
    if (start == 0) die("the server cannot be reached: %s", why == NULL ? "closed" : why);
    count("connect: %s", why == NULL ? "closed" : why);
  }
  close(c->fd);
  if (ending) {
    c->fd = -1;
    c->state = CONNECTING;
  } else {
    open_connection(c);
  }
}

static void send_request(Connection *c, double due) {
  c->question = sent++ % plan.questions;
  c->due = due;
  c->state = WAITING;
  Question *q = &questions[c->question];
  char *bytes = q->request.bytes;
  if (q->nonce_at >= 0) {
    if (getrandom(c->nonce, NONCE, 0) != NONCE) die("getrandom");
    memcpy(bytes + q->nonce_at, c->nonce, NONCE);
  }
  size_t done = 0;
  while (done < q->request.length) {
    ssize_t wrote = send(c->fd, bytes + done, q->request.length - done, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EAGAIN) continue; /* only for requests beyond the socket's buffer */
    if (wrote < 0) {
      lose(c, strerror(errno));
      return;
    }
    done += (size_t)wrote;
  }
}

/* Sends what is due while there are connections. */
static void send_due(void) {
  for (;;) {
    double at = now(), due = plan.rate > 0 ? start + (double)sent / plan.rate : at;
    if (ending || at >= start + plan.seconds) return;
    if (due > at) {
      starved = 0;
      return;
    }
    Connection *c = idle_first;
    if (c == NULL) {
      starved = 1; /* what is sent late now is late because of the server */
      return;
    }
    remove_idle(c);
    if (!starved) record(lateness, at - due);
    send_request(c, due);
  }
}

/* NULL if right, else what is wrong. */
static const char *judge(const Connection *c, int status, const char *body, size_t length) {
  static char wrong[WHY];
  const Question *q = &questions[c->question];
  if (q->alternatives == 0) return NULL;
  if (status != 200) {
    snprintf(wrong, sizeof wrong, "HTTP status %d", status);
    return wrong;
  }
  if (length == 5) {
    snprintf(wrong, sizeof wrong, "OCSP status %d", body[4]);
    return wrong;
  }
  int found = 0;
  for (int i = 0; i < q->alternatives && !found; i++)
    found = memmem(body, length, q->expect[i].bytes, q->expect[i].length) != NULL;
  if (!found) return "a wrong status or certificate";
  if (q->nonce_at >= 0 && memmem(body, length, c->nonce, NONCE) == NULL) return "without the nonce";
  return NULL;
}

/* Keeps a random sample of the answers (reservoir). */
static void keep_sample(const Connection *c, const char *body, size_t length) {
  if (plan.samples == 0) return;
  uint64_t place = sampled < (uint64_t)plan.samples ? sampled : (uint64_t)random() % (sampled + 1);
  sampled++;
  if (place >= (uint64_t)plan.samples) return;
  samples[place].question = c->question;
  memcpy(samples[place].nonce, c->nonce, NONCE);
  samples[place].body.bytes = realloc(samples[place].body.bytes, length + 1);
  memcpy(samples[place].body.bytes, body, length);
  samples[place].body.length = length;
}

static void take_answer(Connection *c, int status, const char *body, size_t length, int closes) {
  double at = now();
  record(latency, at - c->due);
  const char *wrong = judge(c, status, body, length);
  if (wrong != NULL) {
    count("%s", wrong);
  } else {
    answered++;
    int second = (int)(at - start);
    if (second < seconds_kept) each_second[second]++;
    keep_sample(c, body, length);
  }
  c->have = 0;
  push_idle(c);
  if (closes) lose(c, NULL);
}

/* Value of a header field, NULL if absent. `head` ends with an empty line. */
static const char *field(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
      line += length + 1;
      while (*line == ' ') line++;
      return line;
    }
  }
  return NULL;
}

/* Reads what has come; an answer that is whole is taken. */
static void receive(Connection *c) {
  for (;;) {
    if (c->room - c->have < BUFFER / 2) {
      c->room = c->room == 0 ? BUFFER : c->room * 2;
      if (c->room > 2 * MAX_BODY) {
        lose(c, "an endless answer");
        return;
      }
      c->in = realloc(c->in, c->room + 1);
    }
    ssize_t got = recv(c->fd, c->in + c->have, c->room - c->have, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      lose(c, got == 0 ? NULL : strerror(errno));
      return;
    }
    c->have += (size_t)got;
    c->in[c->have] = 0;
    if (c->state != WAITING) {
      count("bytes that nobody asked for");
      c->have = 0;
      continue;
    }
    char *end = memmem(c->in, c->have, "\r\n\r\n", 4);
    if (end == NULL) continue;
    size_t head = (size_t)(end + 4 - c->in);
    end[2] = 0; /* the head as text */
    const char *length_field = field(c->in, "content-length"), *connection = field(c->in, "connection");
    size_t length = length_field == NULL ? 0 : strtoul(length_field, NULL, 10);
    int closes = connection == NULL ? memcmp(c->in, "HTTP/1.0", 8) == 0 : strncasecmp(connection, "close", 5) == 0;
    int status = c->have > 12 ? atoi(c->in + 9) : 0;
    end[2] = '\r';
    if (length > MAX_BODY) {
      lose(c, "an endless answer");
      return;
    }
    if (c->have < head + length) continue;
    take_answer(c, status, c->in + head, length, closes);
    return;
  }
}

static void give_up_late(void) {
  double latest = now() - kDeadlineSeconds;
  for (int i = 0; i < plan.connections; i++)
    if (connections[i].state == WAITING && connections[i].due < latest) lose(&connections[i], "deadline");
}

static int under_way(void) {
  int waiting = 0;
  for (int i = 0; i < plan.connections; i++) waiting += connections[i].state == WAITING;
  return waiting;
}

static void turn(void) {
  struct epoll_event events[256];
  int ready = epoll_wait(poller, events, 256, 1000);
  for (int i = 0; i < ready; i++) {
    Connection *c = events[i].data.ptr;
    if (c == NULL) {
      uint64_t ticks;
      if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer");
      continue;
    }
    if (c->state == CONNECTING && events[i].events & EPOLLOUT) {
      struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) {
        lose(c, strerror(error));
        continue;
      }
      epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
      push_idle(c);
    } else {
      receive(c);
    }
    if (plan.rate == 0 && start > 0) send_due();
  }
  if (start > 0) send_due();
}

static void run(void) {
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  /* At a low rate often enough too: otherwise the clock alone would take a good part of a processor. */
  double seconds = plan.rate > 0 && 0.25 / plan.rate > kTickSeconds ? 0.25 / plan.rate : kTickSeconds;
  if (seconds > kLongestTickSeconds) seconds = kLongestTickSeconds;
  struct itimerspec tick = {.it_interval.tv_nsec = (long)(seconds * 1e9), .it_value.tv_nsec = 1};
  /* In a closed loop the answers set the pace; the timer only looks for the end. */
  if (plan.rate == 0) tick.it_interval.tv_nsec = 100000000;
  timerfd_settime(timer, 0, &tick, NULL);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
  for (int i = 0; i < plan.connections; i++) open_connection(&connections[i]);
  for (double begun = now();;) {
    turn();
    int open = 0;
    for (int i = 0; i < plan.connections; i++) open += connections[i].state == IDLE;
    if (open == plan.connections) break;
    if (now() > begun + kDeadlineSeconds) die("the server accepts %d of %d connections", open, plan.connections);
  }
  watched_before = watched_cpu();
  start = now();
  double looked = start;
  while (now() < start + plan.seconds) {
    turn();
    if (now() > looked + 1) {
      give_up_late();
      looked = now();
    }
  }
}

static void drain(void) {
  double begun = now();
  ending = 1;
  while (under_way() > 0 && now() < begun + kDeadlineSeconds) turn();
  for (int i = 0; i < plan.connections; i++)
    if (connections[i].state == WAITING) lose(&connections[i], "deadline");
}

static Bytes read_bytes(size_t length) {
  Bytes bytes = {malloc(length + 1), length};
  if (fread(bytes.bytes, 1, length, stdin) != length) die("the plan ends early");
  return bytes;
}

static void read_plan(void) {
  char host[64], from[64];
  int port;
  if (scanf("%63s %d %63s %d %lf %lf %d %d %d", host, &port, from, &plan.connections, &plan.rate, &plan.seconds,
            &plan.samples, &plan.questions, &plan.watched) != 9 ||
      plan.watched > MAX_WATCHED)
    die("a malformed plan");
  for (int i = 0; i < plan.watched; i++) {
    int pid;
    if (scanf("%d", &pid) != 1 || clock_getcpuclockid(pid, &plan.clocks[i]) != 0) die("a malformed process");
  }
  getchar();
  plan.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  plan.from = (struct sockaddr_in){.sin_family = AF_INET};
  if (inet_pton(AF_INET, host, &plan.to.sin_addr) != 1) die("not an IPv4 address: %s", host);
  plan.has_from = strcmp(from, "-") != 0;
  if (plan.has_from && inet_pton(AF_INET, from, &plan.from.sin_addr) != 1) die("not an IPv4 address: %s", from);
  questions = calloc((size_t)plan.questions, sizeof *questions);
  for (int i = 0; i < plan.questions; i++) {
    Question *q = &questions[i];
    size_t length;
    if (scanf("%zu %d %d", &length, &q->nonce_at, &q->alternatives) != 3) die("a malformed question");
    getchar();
    q->request = read_bytes(length);
    q->expect = calloc((size_t)q->alternatives + 1, sizeof *q->expect);
    for (int j = 0; j < q->alternatives; j++) {
      if (scanf("%zu", &length) != 1) die("a malformed expectation");
      getchar();
      q->expect[j] = read_bytes(length);
    }
  }
  connections = calloc((size_t)plan.connections, sizeof *connections);
  samples = calloc((size_t)plan.samples + 1, sizeof *samples);
  seconds_kept = (int)plan.seconds + 1;
  each_second = calloc((size_t)seconds_kept, sizeof *each_second);
}

static void print_histogram(const char *name, const uint64_t *histogram) {
  printf("\"%s\":[", name);
  const char *comma = "";
  for (int i = 0; i < BUCKETS; i++)
    if (histogram[i] > 0) {
      printf("%s[%.6g,%llu]", comma, bucket_ms(i), (unsigned long long)histogram[i]);
      comma = ",";
    }
  printf("],");
}

static void print_hex(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) printf("%02x", (unsigned char)bytes[i]);
}

static void print_report(double seconds, double cpu, double watched, uint64_t in_time) {
  printf("{\"sent\":%llu,\"answered\":%llu,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"watchedCpuUs\":%.3f,\"rate\":%.3f,",
         (unsigned long long)sent, (unsigned long long)answered, seconds, cpu,
         in_time == 0 ? 0 : watched * 1e6 / (double)in_time, (double)in_time / seconds);
  print_histogram("latency", latency);
  print_histogram("lateness", lateness);
  printf("\"eachSecond\":[");
  for (int i = 0; i < seconds_kept - 1; i++) printf("%s%llu", i ? "," : "", (unsigned long long)each_second[i]);
  printf("],\"failures\":{");
  for (int i = 0; i < why_count; i++)
    printf("%s\"%s\":%llu", i ? "," : "", whys[i].why, (unsigned long long)whys[i].count);
  printf("},\"samples\":[");
  for (int i = 0; i < plan.samples && (uint64_t)i < sampled; i++) {
    printf("%s{\"question\":%d,\"nonce\":\"", i ? "," : "", samples[i].question);
    print_hex(samples[i].nonce, questions[samples[i].question].nonce_at >= 0 ? NONCE : 0);
    printf("\",\"body\":\"");
    print_hex(samples[i].body.bytes, samples[i].body.length);
    printf("\"}");
  }
  printf("]}\n");
}

int main(void) {
  read_plan();
  /*
   * In a closed loop nothing can be late. There our waking for each answer shall not take the processor from a server
   * between two answers, which it would not do from another machine. Where it is not allowed, it disturbs more.
   */
  struct sched_param none = {0};
  if (plan.rate == 0) sched_setscheduler(0, SCHED_BATCH, &none);
  poller = epoll_create1(EPOLL_CLOEXEC);
  run();
  double seconds = now() - start, watched = watched_cpu() - watched_before;
  uint64_t in_time = answered;
  struct timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  drain();
  print_report(seconds, cpu.tv_sec + cpu.tv_nsec * 1e-9, watched, in_time);
  return 0;
}
