/* The ES256 signature of a token, checked and made in the cheapest way that OpenSSL 3.0 has: for a check a context is
 * set up once, and copied. Whatever fails ends the program. */
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { token_bytes = 700 /* about what a token of ours signs */ };

/* A key, and a token's text under its signature. */
struct es256 {
    EVP_PKEY* key;
    EVP_MD_CTX* context;
    EVP_MD_CTX* verifying;
    unsigned char text[token_bytes];
    unsigned char signature[256];
    size_t signature_bytes;
};

static inline void require(int ok, const char* what) {
    if (ok == 1) return;
    fprintf(stderr, "bare limit: %s failed\n", what);
    exit(1);
}

static inline void es256_sign(struct es256* signer) {
    signer->signature_bytes = sizeof signer->signature;
    require(EVP_DigestSignInit(signer->context, NULL, EVP_sha256(), NULL, signer->key), "EVP_DigestSignInit");
    require(EVP_DigestSign(signer->context, signer->signature, &signer->signature_bytes, signer->text, token_bytes),
            "EVP_DigestSign");
    EVP_MD_CTX_reset(signer->context);
}

static inline void es256_check(struct es256* signer) {
    require(EVP_MD_CTX_copy_ex(signer->context, signer->verifying), "EVP_MD_CTX_copy_ex");
    require(EVP_DigestVerify(signer->context, signer->signature, signer->signature_bytes, signer->text, token_bytes),
            "EVP_DigestVerify");
}

static inline void es256_make(struct es256* signer) {
    signer->key = EVP_EC_gen("P-256");
    signer->context = EVP_MD_CTX_new();
    signer->verifying = EVP_MD_CTX_new();
    memset(signer->text, 'a', token_bytes);
    require(EVP_DigestVerifyInit(signer->verifying, NULL, EVP_sha256(), NULL, signer->key), "EVP_DigestVerifyInit");
    es256_sign(signer);
}
