/* The floor of an append: SQLite itself, in C, the same version that the register is built with, makes one row
   with two indexes durable. Prints the median in nanoseconds. */
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
  int n = argc > 2 ? atoi(argv[2]) : 200, i;
  long long *took = malloc(n * sizeof *took);
  char reference[40];
  must(sqlite3_open(argv[1], &db), SQLITE_OK, db);
  must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER, day TEXT, sale TEXT, reference TEXT, kind TEXT, body TEXT, chain BLOB);"
    "CREATE INDEX IF NOT EXISTS j1 ON journal (day, seq); CREATE INDEX IF NOT EXISTS j2 ON journal (sale, seq);", 0, 0, 0), SQLITE_OK, db);
  sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE"), *commit = prepare(db, "COMMIT");
  sqlite3_stmt *row = prepare(db, "INSERT INTO journal (at, day, sale, reference, kind, body, chain) VALUES (?, '2026-11-20', 's1', ?, 'attempt.silence', ?, zeroblob(32))");
  for (i = 0; i < n; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    sqlite3_step(begin); sqlite3_reset(begin);
    snprintf(reference, sizeof reference, "NYC5AV-03-261120-%05d-flor", i);
    sqlite3_bind_int64(row, 1, i); sqlite3_bind_text(row, 2, reference, -1, SQLITE_TRANSIENT); sqlite3_bind_text(row, 3, "{\"to\":\"doubtful\",\"reason\":\"timeout\"}", -1, SQLITE_STATIC);
    must(sqlite3_step(row), SQLITE_DONE, db); sqlite3_reset(row);
    must(sqlite3_step(commit), SQLITE_DONE, db); sqlite3_reset(commit);
    clock_gettime(CLOCK_MONOTONIC, &b);
    took[i] = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
  }
  qsort(took, n, sizeof *took, order);
  printf("%lld\n", took[n / 2]);
  return 0;
}
