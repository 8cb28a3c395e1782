/* The bare limit of a durable write: the statements of a revocation or of a refresh, on a database that the server
 * made, 64 to a commit, with nothing around them but the signatures: for a revocation the check of its token's, for a
 * refresh the two of its answer.
 *
 *     sql revoke DATABASE SECONDS      prints operations per second; needs unrevoked slots in the database
 *     sql revoke-unchecked DATABASE SECONDS      likewise, without the signatures
 *     sql refresh DATABASE SECONDS     likewise; needs a live session
 */
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "es256.h"

enum { operations_per_commit = 64, id_bytes = 16, most_rows = 2000000 };

static sqlite3* database;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(int code, int wanted, const char* what) {
    if (code == wanted) return;
    fprintf(stderr, "sql: %s: %s\n", what, sqlite3_errmsg(database));
    exit(1);
}

static void run(const char* sql) {
    check(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK, sql);
}

static sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = NULL;
    check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), SQLITE_OK, sql);
    return statement;
}

/* Steps to the end and leaves the statement ready for the next time. */
static void finish(sqlite3_stmt* statement, int rows_wanted) {
    int rows = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) ++rows;
    check(code, SQLITE_DONE, sqlite3_sql(statement));
    if (rows != rows_wanted) {
        fprintf(stderr, "sql: %d rows instead of %d from %s\n", rows, rows_wanted, sqlite3_sql(statement));
        exit(1);
    }
    sqlite3_reset(statement);
}

static sqlite3_stmt* savepoint;
static sqlite3_stmt* release_savepoint;
static sqlite3_stmt* insert_audit;

/* Ids of the server begin with the time, so rows go to the end of the table. */
static void make_id(unsigned char* id) {
    static unsigned long long number;
    const unsigned long long value = ++number;
    RAND_bytes(id, id_bytes);
    for (int i = 0; i < 8; ++i) id[i] = (unsigned char)(value >> (8 * (7 - i)));
    id[0] = 0xff;
}

static void add_audit_record(const void* session) {
    unsigned char id[id_bytes];
    unsigned char salt[32];
    make_id(id);
    RAND_bytes(salt, sizeof salt);
    sqlite3_bind_blob(insert_audit, 1, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_blob(insert_audit, 2, session, id_bytes, SQLITE_STATIC);
    sqlite3_bind_blob(insert_audit, 3, salt, 16, SQLITE_STATIC);
    sqlite3_bind_blob(insert_audit, 4, salt, 32, SQLITE_STATIC);
    finish(insert_audit, 0);
}

static void prepare_common(void) {
    savepoint = prepare("SAVEPOINT work");
    release_savepoint = prepare("RELEASE work");
    insert_audit = prepare(
        "INSERT INTO audit_records (id, at, event, actor, account_id, session_id, address, outcome, user_agent, "
        "detail, "
        "count, salt, personal_digest) VALUES (?1, 1, 'token.revoked', '01900000-0000-7000-8000-000000000000', ?2, ?2, "
        "'127.0.0.1', 'token_revoked', '', '', 1, ?3, ?4)");
}

struct slot {
    unsigned char list[id_bytes];
    unsigned char session[id_bytes];
    sqlite3_int64 index;
};

static double revoke(double seconds, bool checks_signatures) {
    struct slot* slots = malloc(sizeof(struct slot) * most_rows);
    size_t count = 0;
    sqlite3_stmt* list = prepare("SELECT list_id, idx, session_id FROM token_slots WHERE revoked_at IS NULL");
    while (sqlite3_step(list) == SQLITE_ROW && count < most_rows) {
        memcpy(slots[count].list, sqlite3_column_blob(list, 0), id_bytes);
        slots[count].index = sqlite3_column_int64(list, 1);
        memcpy(slots[count].session, sqlite3_column_blob(list, 2), id_bytes);
        ++count;
    }
    sqlite3_finalize(list);
    prepare_common();
    sqlite3_stmt* change = prepare("UPDATE change_counter SET value = value + 1 WHERE id = 1 RETURNING value");
    sqlite3_stmt* revoke_slot = prepare(
        "UPDATE token_slots SET revoked_at = 1, revoke_reason = 'token_revoked', revoke_change = 1 "
        "WHERE list_id = ?1 AND idx = ?2 AND revoked_at IS NULL RETURNING list_id, idx");
    struct es256 signer;
    es256_make(&signer);
    size_t done = 0;
    const double began = now();
    while (now() - began < seconds && done + operations_per_commit <= count) {
        run("BEGIN IMMEDIATE");
        finish(change, 1);
        for (int i = 0; i < operations_per_commit; ++i) {
            const struct slot* slot = &slots[done++];
            if (checks_signatures) es256_check(&signer);
            finish(savepoint, 0);
            sqlite3_bind_blob(revoke_slot, 1, slot->list, id_bytes, SQLITE_STATIC);
            sqlite3_bind_int64(revoke_slot, 2, slot->index);
            finish(revoke_slot, 1);
            add_audit_record(slot->session);
            finish(release_savepoint, 0);
        }
        run("COMMIT");
    }
    return (double)done / (now() - began);
}

/* What a refresh answers with: an ES256 access token and an HS256 refresh token. */
static void sign_pair(struct es256* signer) {
    unsigned char mac[32];
    unsigned int mac_bytes = 0;
    es256_sign(signer);
    require(HMAC(EVP_sha256(), signer->text, 32, signer->text, token_bytes, mac, &mac_bytes) != NULL, "HMAC");
}

static double refresh(double seconds) {
    unsigned char session[id_bytes];
    unsigned char account[id_bytes];
    sqlite3_stmt* any = prepare("SELECT id, account_id FROM sessions WHERE ended_at IS NULL LIMIT 1");
    check(sqlite3_step(any), SQLITE_ROW, "a live session");
    memcpy(session, sqlite3_column_blob(any, 0), id_bytes);
    memcpy(account, sqlite3_column_blob(any, 1), id_bytes);
    sqlite3_finalize(any);
    prepare_common();
    sqlite3_stmt* find_session = prepare("SELECT * FROM sessions WHERE id = ?1");
    sqlite3_stmt* find_account = prepare("SELECT * FROM accounts WHERE id = ?1");
    sqlite3_stmt* advance = prepare(
        "UPDATE sessions SET counter = counter + 1, last_used_at = last_used_at + 1, idle_deadline = idle_deadline + 1 "
        "WHERE id = ?1 AND ended_at IS NULL");
    sqlite3_stmt* insert_slot = prepare(
        "INSERT INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, expires_at) "
        "VALUES (?1, ?2, ?3, ?2, ?4, 1, 2)");
    struct es256 signer;
    es256_make(&signer);
    unsigned char list[id_bytes];
    make_id(list);
    sqlite3_int64 done = 0;
    const double began = now();
    while (now() - began < seconds) {
        run("BEGIN IMMEDIATE");
        for (int i = 0; i < operations_per_commit; ++i) {
            unsigned char token[id_bytes];
            make_id(token);
            finish(savepoint, 0);
            sqlite3_bind_blob(find_session, 1, session, id_bytes, SQLITE_STATIC);
            finish(find_session, 1);
            sqlite3_bind_blob(find_account, 1, account, id_bytes, SQLITE_STATIC);
            finish(find_account, 1);
            sqlite3_bind_blob(advance, 1, session, id_bytes, SQLITE_STATIC);
            finish(advance, 0);
            sqlite3_bind_blob(insert_slot, 1, list, id_bytes, SQLITE_STATIC);
            sqlite3_bind_int64(insert_slot, 2, done++);
            sqlite3_bind_blob(insert_slot, 3, session, id_bytes, SQLITE_STATIC);
            sqlite3_bind_blob(insert_slot, 4, token, id_bytes, SQLITE_STATIC);
            finish(insert_slot, 0);
            finish(release_savepoint, 0);
            sign_pair(&signer);
        }
        run("COMMIT");
    }
    return (double)done / (now() - began);
}

int main(int count, char** arguments) {
    if (count != 4) {
        fputs("usage: sql revoke|revoke-unchecked|refresh DATABASE SECONDS\n", stderr);
        return 2;
    }
    check(sqlite3_open(arguments[2], &database), SQLITE_OK, "open");
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = FULL");
    run("PRAGMA foreign_keys = ON");
    const double seconds = atof(arguments[3]);
    const bool refreshes = strcmp(arguments[1], "refresh") == 0;
    printf("%.1f\n", refreshes ? refresh(seconds) : revoke(seconds, strcmp(arguments[1], "revoke") == 0));
    return 0;
}
