/* The floor of an append: SQLite itself, in C, the same version that the register is built with. "row" makes
   one row with two indexes durable; "same" makes the statements of a journaled event durable: the journal's
   row, the read and write of the sale's fold, the attempt's state. Prints the median in nanoseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "sqlite3-binding.h"

static void must(int rc, int want, sqlite3 *db) {
  if (rc != want) { fprintf(stderr, "append: %s\n", sqlite3_errmsg(db)); exit(1); }
}
static int order(const void *a, const void *b) { long long x = *(long long *)a, y = *(long long *)b; return (x > y) - (x < y); }
static sqlite3_stmt *prepare(sqlite3 *db, const char *text) {
  sqlite3_stmt *s;
  must(sqlite3_prepare_v2(db, text, -1, &s, 0), SQLITE_OK, db);
  return s;
}

int main(int argc, char **argv) {
  sqlite3 *db;
  int same = argc > 2 && !strcmp(argv[2], "same"), n = argc > 3 ? atoi(argv[3]) : 200, i;
  long long *took = malloc(n * sizeof *took);
  char fold[700], reference[40];
  memset(fold, 'x', 699); fold[0] = '"'; fold[698] = '"'; fold[699] = 0;
  must(sqlite3_open(argv[1], &db), SQLITE_OK, db);
  must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER, day TEXT, sale TEXT, reference TEXT, kind TEXT, body TEXT, chain BLOB);"
    "CREATE INDEX IF NOT EXISTS j1 ON journal (day, seq); CREATE INDEX IF NOT EXISTS j2 ON journal (sale, seq);"
    "CREATE TABLE IF NOT EXISTS sale (id TEXT PRIMARY KEY, seq INTEGER, status TEXT, fold TEXT);"
    "CREATE TABLE IF NOT EXISTS attempt (reference TEXT PRIMARY KEY, state TEXT, since INTEGER);"
    "INSERT OR IGNORE INTO sale VALUES ('s1', 1, 'sent', ''); INSERT OR IGNORE INTO attempt VALUES ('a1', 'sent', 0);", 0, 0, 0), SQLITE_OK, db);
  sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE"), *commit = prepare(db, "COMMIT");
  sqlite3_stmt *row = prepare(db, "INSERT INTO journal (at, day, sale, reference, kind, body, chain) VALUES (?, '2026-11-20', 's1', ?, 'attempt.silence', ?, zeroblob(32))");
  sqlite3_stmt *read = prepare(db, "SELECT fold FROM sale WHERE id = 's1'");
  sqlite3_stmt *put = prepare(db, "INSERT INTO sale (id, seq, status, fold) VALUES ('s1', 1, 'sent', ?) ON CONFLICT (id) DO UPDATE SET fold = excluded.fold");
  sqlite3_stmt *set = prepare(db, "UPDATE attempt SET state = 'sent', since = ? WHERE reference = 'a1'");
  for (i = 0; i < n; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    sqlite3_step(begin); sqlite3_reset(begin);
    snprintf(reference, sizeof reference, "NYC5AV-03-261120-%05d-flor", i);
    sqlite3_bind_int64(row, 1, i); sqlite3_bind_text(row, 2, reference, -1, SQLITE_TRANSIENT); sqlite3_bind_text(row, 3, "{\"to\":\"doubtful\",\"reason\":\"timeout\"}", -1, SQLITE_STATIC);
    must(sqlite3_step(row), SQLITE_DONE, db); sqlite3_reset(row);
    if (same) {
      must(sqlite3_step(read), SQLITE_ROW, db); sqlite3_reset(read);
      sqlite3_bind_text(put, 1, fold, -1, SQLITE_STATIC); must(sqlite3_step(put), SQLITE_DONE, db); sqlite3_reset(put);
      sqlite3_bind_int64(set, 1, i); must(sqlite3_step(set), SQLITE_DONE, db); sqlite3_reset(set);
    }
    must(sqlite3_step(commit), SQLITE_DONE, db); sqlite3_reset(commit);
    clock_gettime(CLOCK_MONOTONIC, &b);
    took[i] = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
  }
  qsort(took, n, sizeof *took, order);
  printf("%lld\n", took[n / 2]);
  return 0;
}
