// Every limit of the server: the number, its unit, and the reason for it. Values that an operator may change are the
// defaults of the configuration; the rest are fixed, because nobody should have to think about them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace postern::limits {

using namespace std::chrono_literals;

// --- HTTP: what a stranger can make one connection cost -------------------------------------------------------------
// A token is about 1 KiB; 16 KiB leaves room for cookies of an application on the same host.
inline constexpr std::size_t http_header_bytes = 16 * 1024;
// The largest request of the contract is an address and a password. Refused by Content-Length, before it is read.
inline constexpr std::size_t http_body_bytes = 64 * 1024;
// Browsers send about twenty; each line costs memory beyond its bytes.
inline constexpr std::size_t http_header_lines = 100;
// A request line longer than this is no request of ours.
inline constexpr std::size_t http_target_bytes = 4 * 1024;
// From the first byte of a request to the end of its header: a phone on a bad line needs seconds, a slow loris minutes.
inline constexpr auto http_header_time = 10s;
inline constexpr auto http_body_time = 15s;
inline constexpr auto http_write_time = 15s;
// How long a kept-alive connection may idle; longer than the usual pool of a proxy (60 s in nginx), so that the proxy
// closes first.
inline constexpr auto http_idle_time = 75s;
inline constexpr auto tls_handshake_time = 10s;
// After a refusal that left bytes unread they are dropped for this long, since closing at once would make the kernel
// discard the answer too (RFC 9112 section 9.6).
inline constexpr auto http_linger_time = 2s;
// And this much of them: clients that send a whole file before they read an answer should see theirs.
inline constexpr std::size_t http_linger_bytes = 16 * 1024 * 1024;
// About 10 KiB each while idle; further connections wait in the kernel's queue.
inline constexpr std::size_t http_connections = 10'000;
inline constexpr int http_listen_backlog = 1024;
// What an answer that goes on may say at a time: a slow client gets that much in http_write_time, or is cut.
inline constexpr std::size_t http_stream_chunk_bytes = 64 * 1024;
// Of the kernel's memory for each of them; by itself it would go up to 4 MiB for a client that does not read.
inline constexpr int http_stream_send_buffer_bytes = 128 * 1024;
// When the server stops, an answer that goes on has this long to say so.
inline constexpr auto http_farewell_time = 500ms;
// SIGTERM: accepted requests may finish for this long before the process ends all the same.
inline constexpr auto shutdown_time = 20s;
// A connection that was accepted but has sent nothing yet may still do so for this long when the server stops.
inline constexpr auto http_first_request_grace = 500ms;
// The cost of an access token's check is bounded by its length too; ours are below 1 KiB, custom claims may double
// that.
inline constexpr std::size_t token_bytes = 8 * 1024;

// --- JSON ------------------------------------------------------------------------------------------------------------
// A JWKS file of an operator is the largest text we read; request bodies are bounded by http_body_bytes before.
inline constexpr std::size_t json_text_bytes = 1024 * 1024;
// The deepest thing of ours is a JWKS: four levels.
inline constexpr std::size_t json_depth = 32;

// --- Lanes -----------------------------------------------------------------------------------------------------------
// Logins that may wait for a hash worker. At 37 hashes/s and core, 128 on two cores drain in under two seconds.
inline constexpr std::size_t hash_queue_entries = 128;
// Work that goes first does so this many times in a row, and then the rest has a turn: it is slowed, never starved.
inline constexpr std::size_t lane_first_in_a_row = 7;
// After that long without work a lane gives back what it keeps for it.
inline constexpr auto lane_idle_time = 1s;
// A client that has waited this long has given up; hashing for it would take the worker from someone who has not.
inline constexpr auto hash_queue_time = 3s;
// Argon2id at OWASP's floor, with one lane: the configuration accepts more, never less.
inline constexpr std::size_t hash_memory_mib = 19;
inline constexpr std::size_t hash_iterations = 2;
// The most that the configuration takes, and so the most that a hash of ours may ask for.
inline constexpr std::size_t hash_memory_mib_most = 4096;
inline constexpr std::size_t hash_iterations_most = 100;
// Of the hash workers, added to the process's own: a cheap request that wakes up beside busy workers runs at once. With
// less, the scheduler gives them a turn of milliseconds in the midst of cheap ones every now and then.
inline constexpr int hash_niceness = 19;
// Work waiting for the store. A commit takes about a millisecond and holds up to store_batch writes.
inline constexpr std::size_t store_queue_entries = 4096;
inline constexpr std::size_t store_batch_writes = 256;
inline constexpr auto store_queue_time = 5s;

// --- Store -----------------------------------------------------------------------------------------------------------
// Another process (the CLI, a backup) may hold SQLite's write lock this long before we give up with a clear error.
inline constexpr auto sqlite_busy_time = 5s;
inline constexpr std::size_t sqlite_readers = 2;
// Pages of the write-ahead log (4 KiB each) past which it is copied into the database, after the answers: 4 MiB.
inline constexpr int sqlite_checkpoint_pages = 1000;
// Pages of the database that a command keeps in memory, beside the server's far fewer: an import touches the index of
// addresses all over, 50 MB of it for a million, and would read and spill each page many times.
inline constexpr std::int64_t sqlite_command_cache_bytes = 64LL * 1024 * 1024;
// A write-ahead log that has grown past this (a long reader, such as a backup) is cut back to it.
inline constexpr std::int64_t sqlite_log_bytes = 64LL * 1024 * 1024;
// `doctor` reads the database for damage for this long at most: about a gigabyte from a disk of our day.
inline constexpr auto sqlite_check_time = 5s;
// How often SQLite's data_version is looked at: what the CLI does is honoured within 100 ms.
inline constexpr auto sqlite_watch_interval = 25ms;
// Connections of one node to PostgreSQL; each is one thread. Two cores of a database serve about this many at once.
inline constexpr std::size_t postgres_connections = 8;
inline constexpr auto postgres_connect_time = 5s;
// A statement of ours touches a few rows; one that takes this long is stuck behind a lock.
inline constexpr auto postgres_statement_time = 10s;
// A row lock is held for a few milliseconds; one that is not had by now belongs to a node that has stopped.
inline constexpr auto postgres_lock_time = 5s;
// The server ends a transaction of ours that has been idle this long: its node has stopped, and others want the locks.
inline constexpr auto postgres_idle_transaction_time = 10s;
// How long after its own time limits a silent server counts as gone.
inline constexpr auto postgres_grace_time = 1s;
// Dead network paths are noticed by TCP within this time.
inline constexpr auto postgres_network_time = 10s;
// A migration rewrites whole tables at worst, and another node's may have to be waited for.
inline constexpr auto postgres_migration_time = 10min;
// A transaction that lost a race is tried again after up to this long, doubled each time.
inline constexpr auto postgres_retry_time = 2ms;
inline constexpr int postgres_retries = 8;
// While the database is away: how soon it is tried again, doubled each time, up to the second.
inline constexpr auto postgres_reopen_time = 50ms;
inline constexpr auto postgres_reopen_time_longest = 1s;
// A backup copies SQLite's pages (4 KiB each) in pieces of 4 MiB with a pause after each: the server needs the disk.
inline constexpr int backup_pages = 1024;
inline constexpr auto backup_pause = 2ms;
// pg_dump and pg_restore have this long, for databases far larger than ours get.
inline constexpr auto backup_time = 12h;
// What pg_dump and pg_restore have to say when they fail.
inline constexpr std::size_t backup_tool_message_bytes = 4096;
// The description of a backup is a few kilobytes; whatever is much longer is something else.
inline constexpr std::size_t backup_manifest_bytes = 64 * 1024;
// Without a backup for this long, `doctor` warns.
inline constexpr auto backup_age = 24h * 7;
// The longest that another node's revocation may go unseen; default of revocation.freshness_bound.
inline constexpr auto feed_freshness_bound = 2s;
// Without a notification, the feed is read this often: well inside the bound, so that one lost poll changes nothing.
inline constexpr auto feed_poll_interval = 500ms;
// A poll reads what changed within the last half second; its server answers each statement within this time or is gone.
inline constexpr auto feed_statement_time = 2s;
// Who asks for a catch-up is told after this long that there is none: the freshness bound's default.
inline constexpr auto feed_catch_up_time = 2s;
// Revocations committed within this time of each other share one NOTIFY, which takes a database-wide lock.
inline constexpr auto feed_notify_interval = 5ms;
// Slots of one revocation list: 128 KiB of bitmap, over a thousand tokens a second for a window of 15 minutes.
inline constexpr std::uint32_t list_slots = 1U << 20U;
inline constexpr auto sweep_interval = 60s;
// How often a store looks after itself: whose time in the queue has run out, which lists to open ahead.
inline constexpr auto store_tick_interval = 100ms;
// How often lists are opened ahead of need and expired ones leave memory.
inline constexpr auto list_upkeep_interval = 1s;
// Below this much free disk, `doctor` warns: a day of audit records and sessions of a busy server.
inline constexpr std::uint64_t disk_free_bytes = 1024ULL * 1024 * 1024;
// Rows a sweep deletes in one transaction: a few milliseconds, so that no login waits behind it.
inline constexpr std::size_t sweep_rows = 1000;
// Unconfirmed sign-ups of the same: each is an account with all that hangs on it, a dozen statements.
inline constexpr std::size_t sweep_sign_ups = 50;

// --- Tokens and sessions ---------------------------------------------------------------------------------------------
inline constexpr auto access_token_life = 15min;
// A retry of a refresh within this time gets the same child: longer than the usual client's time-out (10 s) twice.
inline constexpr auto refresh_grace = 30s;
inline constexpr auto session_idle = 24h;
inline constexpr auto session_life = 24h * 7;
inline constexpr auto permanent_session_idle = 24h * 90;
inline constexpr auto permanent_session_life = 24h * 365;
// Clocks of our own nodes may differ by this much when one reads what another signed.
inline constexpr auto clock_leeway = 5s;
// Ended and expired sessions stay visible to an operator this long.
inline constexpr auto session_retention = 24h * 30;
inline constexpr auto audit_retention = 24h * 400;
// Live sessions of one account: a script that logs in on every call must not fill the store. The oldest are ended.
inline constexpr std::size_t sessions_per_account = 200;
// Access tokens of one session that have not expired; default of tokens.live_per_session: a refresh each other second,
// for ever. With sessions_per_account it bounds what shutting an account out has to revoke in one transaction.
inline constexpr std::int64_t live_tokens_per_session = 500;
inline constexpr std::int64_t live_tokens_per_session_most = 5'000;
// The same for one client, which has no sessions; default of tokens.live_per_client. A client asks again when its token
// runs out: these are ten thousand processes.
inline constexpr std::int64_t live_tokens_per_client = 10'000;
inline constexpr std::int64_t live_tokens_per_client_most = 50'000;
// Slots that one statement revokes: far from postgres_statement_time on a machine that has much else to do.
inline constexpr std::size_t revocation_batch_slots = 1'000;
// Tokens whose signature need not be checked again, about a kilobyte each.
inline constexpr std::size_t verified_token_cache_entries = 16'384;

// --- Resource servers ------------------------------------------------------------------------------------------------
// Clients: each is held in memory, some 500 bytes. A company has a few dozen services.
inline constexpr std::size_t clients = 10'000;
inline constexpr std::size_t client_name_bytes = 64;
inline constexpr std::size_t audiences_per_client = 32;
inline constexpr std::size_t audience_bytes = 256;
// Audiences and scopes of one client together, as account_claims_bytes.
inline constexpr std::size_t client_claims_bytes = 4 * 1024;
// What the configuration puts into each token, public_url twice: with the most of the above still within token_bytes.
inline constexpr std::size_t token_frame_bytes = 1024;
inline constexpr std::size_t scopes_per_owner = 32;
inline constexpr std::size_t scope_bytes = 64;
// An account's own claims go into each of its tokens, and a token goes with each request: headers of common servers end
// at 8 KiB.
inline constexpr std::size_t custom_claims_bytes = 2 * 1024;
// Roles, scopes and claims of one account together: in base64url, with what else is in a token, within token_bytes.
inline constexpr std::size_t account_claims_bytes = 4 * 1024;
// Of a claim of an account's own; the names of standards have 30 at most, those that are URLs some more.
inline constexpr std::size_t claim_name_bytes = 128;
// A status list may be kept this long: what a verifier that only polls may miss; default of revocation.list_ttl.
inline constexpr auto status_list_ttl = 30s;
// How long a status list is valid: a verifier that cannot reach us decides by its own bound long before.
inline constexpr auto status_list_life = 1h;
// Of a status list's bits, when it is read: sixteen million tokens. Ours have 128 KiB; a small text may claim
// gigabytes.
inline constexpr std::size_t status_list_bytes = 2 * 1024 * 1024;
// Of a status list token, unread: what json_text_bytes come to in base64url, and its signature.
inline constexpr std::size_t status_list_token_bytes = 1536 * 1024;
// Of the stream of revocations; its readers count it as lost after three. Default of revocation.heartbeat.
inline constexpr auto revocation_heartbeat = 5s;
// Changes that a reader of the stream may be behind, or have missed before it resumes: one memory for all readers, some
// 4 MiB. Whoever is further behind is cut, and begins again with whole lists.
inline constexpr std::size_t revocation_log_entries = 65'536;
// Readers of the stream at a time on one node: each verifying process is one.
inline constexpr std::size_t revocation_streams = 2'000;
// Of them for one client, so that none takes the places of all: ten machines with twenty processes each.
inline constexpr std::size_t revocation_streams_per_client = 200;
// Of a position in the stream that a reader sends; ours are shorter.
inline constexpr std::size_t event_id_bytes = 64;
// After its readers have been woken, the next changes wait this long for each of them: telling one takes some 10 us of
// an io thread, so that telling them all takes no more than a quarter of it, and a thousand still know within 40 ms.
inline constexpr auto revocation_reader_time = 40us;
// Readers who come within this time share one snapshot of the lists: after a restart they come all at once.
inline constexpr auto revocation_snapshot_time = 1s;

// --- Accounts and mail -----------------------------------------------------------------------------------------------
// A link to prove an address may wait overnight; one that sets a password must not lie around; an invitation waits for
// somebody's holiday.
inline constexpr auto verify_link_life = 24h;
inline constexpr auto reset_link_life = 1h;
inline constexpr auto invitation_link_life = 24h * 7;
inline constexpr auto change_link_life = 24h;
// A sign-up that nobody confirms is no one's account: after this long without a link that could confirm it, it goes.
// Longer than a holiday, since whoever comes back later has to sign up again.
inline constexpr auto unconfirmed_retention = 24h * 30;
// Mails to one account: a stranger who signs up or forgets in somebody's name must not fill their inbox.
inline constexpr std::int64_t mails_per_account = 6;
inline constexpr auto mails_period = 1h;
// Requests that send mail are answered this long after their write began, whether they sent any: a commit takes a few
// milliseconds, and what is written for an account a tenth of one more than for none.
inline constexpr auto mail_request_time = 20ms;
// Sent and failed entries stay visible to an operator this long.
inline constexpr auto outbox_retention = 24h * 14;
// A whole attempt to hand one mail or event over; then it counts as failed and is tried again.
inline constexpr auto delivery_time = 30s;
// What an operator may set it to at most.
inline constexpr auto delivery_time_longest = 10min;
// First pause after a failed attempt, doubled each time up to the longest; then given up. Two days in all: a mail
// server may be down for a weekend day.
inline constexpr auto delivery_retry_time = 5s;
inline constexpr auto delivery_retry_time_longest = 1h;
inline constexpr std::int64_t delivery_attempts = 56;
// Webhooks of one node on their way at once, so that one which hangs keeps no other waiting. Mails go one by one: they
// all go to one server.
inline constexpr std::size_t webhooks_at_once = 10;
// Between two looks into the outbox; whatever is queued on this node wakes its worker at once.
inline constexpr auto delivery_poll_interval = 1s;
// A mail server or a webhook that takes longer to reach is not there; part of the whole attempt's time.
inline constexpr auto delivery_connect_time = 10s;
// Beyond the attempt's time, for writing its outcome down: then another node may try.
inline constexpr auto delivery_lease_margin = 10s;
// What is being delivered when the server stops may finish within this time.
inline constexpr auto delivery_stop_time = 3s;
// An answer to a webhook is read no further; it means nothing to us.
inline constexpr std::size_t webhook_answer_bytes = 64 * 1024;
// The outbox is counted this often, for the metrics.
inline constexpr auto outbox_count_interval = 5s;
// With mail switched off, what was queued anyway is given up after this long, as a server that stays down would have
// it.
inline constexpr auto mail_off_time = 24h * 2;
// A file of a template; the largest built-in part has 2 KiB.
inline constexpr std::size_t mail_template_bytes = 64 * 1024;
inline constexpr std::size_t display_name_characters = 100;
inline constexpr std::size_t roles_per_account = 32;
inline constexpr std::size_t role_bytes = 64;
// The longest tag in use has fewer (RFC 5646 section 4.4.1 asks for 35).
inline constexpr std::size_t locale_bytes = 35;
// A page of a list, unless a client asks for fewer or more.
inline constexpr std::size_t page_entries = 50;
inline constexpr std::size_t page_entries_most = 200;
// One transaction of an import: some 20 ms of SQLite's write lock, so that logins go on beside it.
inline constexpr std::size_t import_batch_accounts = 500;
// A line of an import: hashes and names are short, and a line that is not must not take the memory.
inline constexpr std::size_t import_line_bytes = 64 * 1024;
// Columns of a CSV file: the widest table of users that is known has about forty.
inline constexpr std::size_t import_columns = 256;

// --- Imported password hashes ----------------------------------------------------------------------------------------
// What checking one may cost: about three seconds of a hash worker at the worst, so that no imported account can hold
// one for longer. Every default of the systems that are imported from is well below; Keycloak's comes closest, with
// 1.3 million iterations for each of the four blocks that it takes of SHA-1.
inline constexpr std::uint64_t imported_hash_pbkdf2_iterations = 10'000'000;
inline constexpr std::uint64_t imported_hash_bcrypt_cost = 15;
inline constexpr std::uint64_t imported_hash_memory_mib = 256;
// Memory times iterations of Argon2, and memory times p of scrypt.
inline constexpr std::uint64_t imported_hash_argon2_work_mib = 4096;
inline constexpr std::uint64_t imported_hash_scrypt_work_mib = 1024;
inline constexpr std::size_t imported_hash_salt_bytes = 128;
// Fewer would fit another password by chance; the longest that is in use has 64.
inline constexpr std::size_t imported_hash_digest_bytes_least = 16;
inline constexpr std::size_t imported_hash_digest_bytes = 128;
// The longest text of a hash: both of the above in hexadecimal, and the parameters.
inline constexpr std::size_t imported_hash_text_bytes = 1024;

// --- Throttle --------------------------------------------------------------------------------------------------------
// Failed logins of one network (IPv6: a /64) within throttle_window: an office behind one address, with some to spare.
inline constexpr std::int64_t throttle_network_failures = 100;
// Failed logins of one network against one account within throttle_window. OWASP ASVS 5.0 section 6.3.1.
inline constexpr std::int64_t throttle_account_network_failures = 10;
// What both of those, and throttle_network_requests, are counted over.
inline constexpr auto throttle_window = 10min;
// Consecutive failed logins against one account from anywhere: NIST SP 800-63B-4 section 3.2.2 says 100 at most.
inline constexpr std::int64_t throttle_account_failures = 100;
// How long after the last of them the account's total is forgotten, unless a reset does it before.
inline constexpr auto throttle_lock_time = 24h;
// Sign-ups, and requests that send mail, of one network within throttle_window.
inline constexpr std::int64_t throttle_network_requests = 60;
// Failed logins of an address are kept this long after the last of them: throttle.lock_time is at most that.
inline constexpr auto login_failures_retention = 24h * 30;
// Networks and accounts that are remembered at a time, each about 200 bytes: 20 MiB when an attacker fills it. A use
// costs the attacker a password hash, so that no machine forgets within throttle_window what it should remember.
inline constexpr std::size_t throttle_entries = 100'000;
// Failed logins go to the store in one write this often.
inline constexpr auto throttle_flush_interval = 1s;
// Addresses and audit records in one such write: some 20 ms of SQLite's write lock.
inline constexpr std::size_t throttle_flush_rows = 500;
// Failed logins of one account and network after the first share one audit record for this long.
inline constexpr auto failed_login_record_interval = 1min;
// A browser that has logged in keeps its place for this long. OWASP, "Slow down online guessing attacks with device
// cookies".
inline constexpr auto device_cookie_life = 24h * 365;
// How often the accounts are asked for hashes of schemes that are not known yet.
inline constexpr auto timing_floor_interval = 1min;
// Networks that have logged in to an account and may still try when its total is used up.
inline constexpr std::size_t known_networks = 8;
// Attempts from a network, failed lately or under way, up to which the next one goes before those of strangers; and the
// attempts for one address that do so at a time. So the hash workers' first queue is full only when many networks and
// many addresses are used for it.
inline constexpr std::int64_t precedence_network_attempts = 16;
inline constexpr std::int64_t precedence_address_attempts = 4;
// A network that nobody has logged in from is asked for no more often, as long as the workers' queue is full.
inline constexpr auto strangers_window = 1min;
inline constexpr std::size_t strangers_entries = 20'000;
// Records of failed logins that an operator's list of locked accounts looks through: some 20 ms.
inline constexpr std::size_t lockout_records = 2000;

// --- Audit -----------------------------------------------------------------------------------------------------------
inline constexpr auto audit_seal_interval = 1s;
// Sealed in one transaction.
inline constexpr std::size_t audit_seal_records = 500;
// A checkpoint is kept after this many records at most.
inline constexpr std::int64_t audit_checkpoint_records = 1000;
// How long the other nodes of PostgreSQL wait for one that seals and has stopped.
inline constexpr auto audit_seal_lease = 5s;
// Records that wait longer than this mean that nobody seals them: `doctor` warns.
inline constexpr auto audit_seal_lag = 60s;
// How often `postern audit tail --follow` looks.
inline constexpr auto audit_follow_interval = 200ms;
// Records that --follow looks at again, since another node's may commit later than their time says.
inline constexpr auto audit_follow_overlap = 10s;

// --- Keys ------------------------------------------------------------------------------------------------------------
// NIST SP 800-57 part 1, table 1 allows a signing key one to three years; replacing one costs nobody anything here.
inline constexpr auto key_rotate_after = 24h * 90;
// Verifiers that ask for the keys once an hour know a new one before it signs.
inline constexpr auto key_publish_ahead = 2h;
// Long enough to spare most fetches, short enough that a revoked key is forgotten soon.
inline constexpr auto jwks_max_age = 5min;
// How often a node looks whether a key is due.
inline constexpr auto key_rotation_interval = 1s;
// Nodes learn of a rotation a moment later than it is made, and sign with the former key until then.
inline constexpr auto key_retirement_margin = 1min;
// A key that is this much older than it should be means that nothing rotates: `doctor` warns.
inline constexpr auto key_rotation_grace = 24h;
// Tokens of unknown keys make a node ask its database for keys this often at most: forgeries must not load it.
inline constexpr auto unknown_key_interval = 50ms;
// A reason for revoking a key, in the audit trail.
inline constexpr std::size_t revocation_reason_bytes = 200;
// RFC 7518 section 3.3. The most is OpenSSL's and everybody's: a larger modulus only makes a check slow.
inline constexpr std::size_t rsa_minimum_bits = 2048;
inline constexpr std::size_t rsa_maximum_bits = 8192;
// 65537 takes three. OpenSSL refuses more than this with a modulus past 3072 bits.
inline constexpr std::size_t rsa_exponent_bytes = 8;
// The file holds 64 digits and a line end; whatever is much longer is something else.
inline constexpr std::size_t master_key_file_bytes = 1024;

// --- Text ------------------------------------------------------------------------------------------------------------
// RFC 5321 section 4.5.3.1.
inline constexpr std::size_t email_bytes = 254;
inline constexpr std::size_t email_local_bytes = 64;
// NIST SP 800-63B-4 section 3.1.1.2: 15 at least where the password is the only factor; longest at least 64.
inline constexpr std::size_t password_minimum_characters = 15;
inline constexpr std::size_t password_maximum_bytes = 1024;
inline constexpr std::size_t user_agent_bytes = 256;
inline constexpr std::size_t request_id_bytes = 64;

}  // namespace postern::limits
