/* The bare limit of an idle server's memory: a program that has called each of the C libraries that the server is
 * linked with, once, for what the server calls it for, and holds nothing of its own. Without the C++ libraries, and
 * without TLS.
 *
 *     memory FILE        prints its resident memory in MiB; FILE becomes a database
 */
#include <curl/curl.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <zlib.h>

#include "es256.h"

enum { hash_iterations = 2, hash_mebibytes = 19 };

static void hash_a_password(void) {
    char text[crypto_pwhash_STRBYTES];
    require(sodium_init() >= 0, "sodium_init");
    require(crypto_pwhash_str(text, "a password", 10, hash_iterations, hash_mebibytes << 20) == 0, "crypto_pwhash_str");
}

static void sign_and_check_a_token(void) {
    static struct es256 signer;
    es256_make(&signer);
    es256_check(&signer);
}

static void commit_a_row(const char* file) {
    sqlite3* database = NULL;
    require(sqlite3_open(file, &database) == SQLITE_OK, "sqlite3_open");
    require(sqlite3_exec(database,
                         "PRAGMA journal_mode=WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT UNIQUE);"
                         "BEGIN IMMEDIATE; INSERT INTO accounts (email) VALUES ('a@example.org'); COMMIT;"
                         "SELECT id FROM accounts WHERE email = 'a@example.org';",
                         NULL, NULL, NULL) == SQLITE_OK,
            "sqlite3_exec");
    /* Open, as a server's is. */
}

static void normalize_a_name(void) {
    UErrorCode error = U_ZERO_ERROR;
    UChar name[16];
    UChar normal[32];
    u_uastrcpy(name, "a name");
    unorm2_normalize(unorm2_getNFKCInstance(&error), name, -1, normal, 32, &error);
    require(U_SUCCESS(error), "unorm2_normalize");
}

static void compress_a_list(void) {
    static unsigned char list[65536];
    static unsigned char small[65536];
    uLongf bytes = sizeof small;
    require(compress(small, &bytes, list, sizeof list) == Z_OK, "compress");
}

static void prepare_a_mail_and_a_connection(void) {
    char* error = NULL;
    require(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "curl_global_init");
    curl_easy_cleanup(curl_easy_init());
    PQconninfoFree(PQconninfoParse("host=localhost", &error));
}

static double resident_mebibytes(void) {
    char line[256];
    double kibibytes = 0;
    FILE* status = fopen("/proc/self/status", "r");
    require(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) kibibytes = strtod(line + 6, NULL);
    }
    fclose(status);
    return kibibytes / 1024;
}

int main(int count, char** arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: memory FILE (of a database that is not there yet)\n");
        return 2;
    }
    hash_a_password();
    sign_and_check_a_token();
    commit_a_row(arguments[1]);
    normalize_a_name();
    compress_a_list();
    prepare_a_mail_and_a_connection();
    printf("%.1f\n", resident_mebibytes());
    return 0;
}
