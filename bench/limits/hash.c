/* The bare limit of a login: how many password hashes a second this machine does with nothing around them.
 *
 *     hash THREADS SECONDS MEMORY_MIB ITERATIONS     prints calls per second
 */
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t memory_bytes;
static unsigned long long iterations;
static atomic_int stop;
static atomic_ulong calls;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void* hash_until_stopped(void* unused) {
    static const char password[] = "correct password of twenty-nine";
    const unsigned char salt[crypto_pwhash_SALTBYTES] = {1};
    unsigned char out[32];
    while (!atomic_load(&stop)) {
        if (crypto_pwhash(out, sizeof out, password, sizeof password - 1, salt, iterations, memory_bytes,
                          crypto_pwhash_ALG_ARGON2ID13) != 0) {
            fputs("hash: not enough memory\n", stderr);
            exit(1);
        }
        atomic_fetch_add(&calls, 1);
    }
    return unused;
}

int main(int count, char** arguments) {
    if (count != 5 || sodium_init() < 0) {
        fputs("usage: hash THREADS SECONDS MEMORY_MIB ITERATIONS\n", stderr);
        return 2;
    }
    const int threads = atoi(arguments[1]);
    const int seconds = atoi(arguments[2]);
    memory_bytes = (size_t)atoi(arguments[3]) << 20;
    iterations = (unsigned long long)atoi(arguments[4]);
    if (threads < 1 || threads > 256) return 2;

    pthread_t workers[256];
    for (int i = 0; i < threads; ++i) {
        if (pthread_create(&workers[i], NULL, hash_until_stopped, NULL) != 0) return 1;
    }
    const struct timespec warm_up = {.tv_sec = 1, .tv_nsec = 0};
    nanosleep(&warm_up, NULL);
    const unsigned long calls_before = atomic_load(&calls);
    const double began = now();
    const struct timespec duration = {.tv_sec = seconds, .tv_nsec = 0};
    nanosleep(&duration, NULL);
    const double rate = (double)(atomic_load(&calls) - calls_before) / (now() - began);
    atomic_store(&stop, 1);
    for (int i = 0; i < threads; ++i) pthread_join(workers[i], NULL);
    printf("%.2f\n", rate);
    return 0;
}
