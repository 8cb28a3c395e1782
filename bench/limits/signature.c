/* The bare limit of a token that was never seen before: how many ES256 signatures a second one core checks with nothing
 * around them.
 *
 *     signature SECONDS     prints checks per second of one thread
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(int ok, const char* what) {
    if (ok == 1) return;
    fprintf(stderr, "signature: %s failed\n", what);
    exit(1);
}

int main(int count, char** arguments) {
    if (count != 2) {
        fputs("usage: signature SECONDS\n", stderr);
        return 2;
    }
    const double seconds = atof(arguments[1]);
    unsigned char text[700]; /* about what a token of ours signs */
    memset(text, 'a', sizeof text);
    unsigned char signature[256];
    size_t signature_bytes = sizeof signature;

    EVP_PKEY* key = EVP_EC_gen("P-256");
    EVP_MD_CTX* signing = EVP_MD_CTX_new();
    check(EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key), "EVP_DigestSignInit");
    check(EVP_DigestSign(signing, signature, &signature_bytes, text, sizeof text), "EVP_DigestSign");

    /* Set up once and copied for each check: the cheapest way that OpenSSL 3.0 has. */
    EVP_MD_CTX* ready = EVP_MD_CTX_new();
    check(EVP_DigestVerifyInit(ready, NULL, EVP_sha256(), NULL, key), "EVP_DigestVerifyInit");
    EVP_MD_CTX* verifying = EVP_MD_CTX_new();
    unsigned long checks = 0;
    const double began = now();
    while (now() - began < seconds) {
        check(EVP_MD_CTX_copy_ex(verifying, ready), "EVP_MD_CTX_copy_ex");
        check(EVP_DigestVerify(verifying, signature, signature_bytes, text, sizeof text), "EVP_DigestVerify");
        ++checks;
    }
    printf("%.1f\n", (double)checks / (now() - began));
    return 0;
}
