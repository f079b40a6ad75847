/*
 * Answers every request with the same bytes, from one thread with epoll: what is left of a measurement when the server
 * costs almost nothing. It can stand still for a known time in every second, which a generator has to report.
 *
 * Usage: null-server PORT BODY_OCTETS STALL_MS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 16384 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int body = atoi(argv[2]), stall = atoi(argv[3]), one = 1;
  char *answer = calloc(1, (size_t)body + 256);
  int length = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", body) + body;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), poller = epoll_create1(EPOLL_CLOEXEC);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0) return 1;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  double last_stall = now();
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(poller, events, 256, -1);
    if (stall > 0 && now() >= last_stall + 1) {
      last_stall = now();
      usleep((useconds_t)stall * 1000);
    }
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event.data.fd = accepted;
        epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &event);
        continue;
      }
      char request[REQUEST];
      /* One request a segment: that is how the generator sends. */
      if (recv(fd, request, sizeof request, 0) <= 0 || send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length) close(fd);
    }
  }
}
