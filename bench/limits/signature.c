/* The bare limit of a token that was never seen before: ES256 signatures checked by one thread.
 *
 *     signature SECONDS        with nothing around them; prints checks a second
 *     signature serve PORT     one for each HTTP request that comes there, and an empty 200: what a server that did
 *                              nothing else would do, its system calls and wake-ups included. Until it is ended.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "es256.h"

enum { most_events = 128 };

static struct es256 signer;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double checks_per_second(double seconds) {
    unsigned long checks = 0;
    const double began = now();
    while (now() - began < seconds) {
        es256_check(&signer);
        ++checks;
    }
    return (double)checks / (now() - began);
}

/* A request comes whole, one at a time on a connection: so the load generators send them. */
static int answer(int connection) {
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char request[4096];
    const ssize_t count = recv(connection, request, sizeof request, 0);
    if (count <= 0) return 0;
    es256_check(&signer);
    return send(connection, ok, sizeof ok - 1, MSG_NOSIGNAL) == sizeof ok - 1;
}

static void watch(int poll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    require(epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
}

static void serve(int port) {
    const int on = 1;
    const int poll = epoll_create1(0);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    require(bind(listener, (struct sockaddr*)&address, sizeof address) == 0, "bind");
    require(listen(listener, 4096) == 0, "listen");
    watch(poll, listener);
    struct epoll_event events[most_events];
    for (;;) {
        const int count = epoll_wait(poll, events, most_events, -1);
        for (int i = 0; i < count; ++i) {
            const int descriptor = events[i].data.fd;
            if (descriptor == listener) {
                const int connection = accept(listener, NULL, NULL);
                if (connection < 0) continue;
                setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(poll, connection);
            } else if (!answer(descriptor)) {
                close(descriptor);
            }
        }
    }
}

int main(int count, char** arguments) {
    es256_make(&signer);
    if (count == 2) {
        printf("%.1f\n", checks_per_second(atof(arguments[1])));
    } else if (count == 3 && strcmp(arguments[1], "serve") == 0) {
        serve(atoi(arguments[2]));
    } else {
        fputs("usage: signature SECONDS | signature serve PORT\n", stderr);
        return 2;
    }
    return 0;
}
