/* The model of toy_model.py, searched by hand-written C: the yardstick for "as fast as it gets".

   The same job as pymodel's: breadth first, every state kept with its parent, so that a counterexample
   could be printed; both invariants on each new state, and deadlock. What an expert would do about speed:
   a state is two words and no field is ever unpacked; successors are hashed as they are made and their
   slots prefetched, and only a batch later probed; 64-bit fingerprints in an open table at most half full.
   Prints one line of JSON. Exit 1: something was violated. */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef struct { u64 vars, msgs; } State;

enum { N = 3, MAX_TERM = 2, ELECTION_TICKS = 2, CAPACITY = 3 }; /* and LeaseTicks 1: an ack age is a bit */
enum { FOLLOWER, CANDIDATE, LEADER };
enum { VOTE_REQUEST = 1, VOTE_REPLY, BEAT, BEAT_REPLY };

/* vars: three servers' fields side by side, two bits each; then 3 x 3 bits of granted and of ack ages. */
enum { TERM = 0, ROLE = 6, VOTE = 12, ELAPSED = 18, GRANTED = 24, AGE = 33 };
#define GET(v, field, i) ((u32)((v) >> ((field) + 2 * (i))) & 3)
#define PUT(v, field, i, x) \
  (((v) & ~((u64)3 << ((field) + 2 * (i)))) | ((u64)(x) << ((field) + 2 * (i))))
#define ROW(v, field, i) ((u32)((v) >> ((field) + 3 * (i))) & 7)
#define PUT_ROW(v, field, i, x) \
  (((v) & ~((u64)7 << ((field) + 3 * (i)))) | ((u64)(x) << ((field) + 3 * (i))))

/* A message is 10 bits, 0 for none; msgs has them in descending order, the greatest lowest. */
enum { BITS = 10, MASK = 1023 };
#define MESSAGE(kind, source, dest, term, x) \
  (((kind) << 7) | ((source) << 5) | ((dest) << 3) | ((term) << 1) | (x))
#define KIND(m) ((m) >> 7)
#define SOURCE(m) (((m) >> 5) & 3)
#define DEST(m) (((m) >> 3) & 3)
#define TERM_OF(m) (((m) >> 1) & 3)

static inline u32 slot(u64 msgs, int k) { return (u32)(msgs >> (BITS * k)) & MASK; }

static inline u64 sorted(u32 a, u32 b, u32 c) {
  u32 t;
  if (a < b) { t = a; a = b; b = t; }
  if (b < c) { t = b; b = c; c = t; }
  if (a < b) { t = a; a = b; b = t; }
  if (a == b) { b = c; c = 0; }
  if (b == c) c = 0;
  return a | (u64)b << BITS | (u64)c << 2 * BITS;
}

static inline u64 without(u64 msgs, int k) {
  u64 below = msgs & (((u64)1 << BITS * k) - 1);
  return below | (msgs >> BITS * (k + 1)) << BITS * k;
}

/* There is room: at most two other messages. */
static inline u64 with(u64 msgs, u32 m) { return sorted(slot(msgs, 0), slot(msgs, 1), m); }

/* The search: all states in the order found, their parents, and the table of fingerprints. */

static State *states;
static u32 *parents;
static u64 *table, slots, count, room, generated;

enum { BATCH = 512, PER_STATE = 1 + 3 * N + 2 * N * N + 3 * CAPACITY };
typedef struct { State state; u64 hash; u32 parent; } Candidate;
static Candidate batch[BATCH + PER_STATE];
static int waiting;

static inline u64 hash_of(State s) {
  unsigned __int128 p = (unsigned __int128)(s.vars ^ 0x9E3779B97F4A7C15u) * (s.msgs ^ 0xD1B54A32D192ED03u);
  u64 h = (u64)p ^ (u64)(p >> 64);
  p = (unsigned __int128)(h ^ s.vars) * 0xA0761D6478BD642Fu;
  h = (u64)p ^ (u64)(p >> 64);
  return h ? h : 1;
}

static inline void emit(State t, u32 parent) {
  u64 h = hash_of(t);
  __builtin_prefetch(&table[h & (slots - 1)], 1);
  batch[waiting++] = (Candidate){t, h, parent};
}

static void fail(const char *what) {
  printf("{\"violated\": \"%s\"}\n", what);
  exit(1);
}

static void *must(void *p) {
  if (!p) { fputs("out of memory\n", stderr); exit(2); }
  return p;
}

static void grow(void) {
  u64 *old = table, before = slots;
  slots = slots ? 2 * slots : (u64)1 << 20;
  table = must(calloc(slots, sizeof *table));
  for (u64 k = 0; k < before; k++)
    if (old[k]) {
      u64 place = old[k] & (slots - 1);
      while (table[place]) place = (place + 1) & (slots - 1);
      table[place] = old[k];
    }
  free(old);
}

static inline int holds_lease(u64 v, int i) {
  return GET(v, ROLE, i) == LEADER && (ROW(v, AGE, i) | 1u << i) != 7;
}

static inline void check(u64 v) {
  for (int i = 0; i < N; i++) {
    if (GET(v, ROLE, i) != LEADER) continue;
    for (int j = 0; j < N; j++) {
      if (j == i || GET(v, ROLE, j) != LEADER) continue;
      if (GET(v, TERM, i) == GET(v, TERM, j)) fail("OneLeaderPerTerm");
      if (GET(v, TERM, j) > GET(v, TERM, i) && holds_lease(v, i)) fail("LeaseExcludes");
    }
  }
}

static void flush(void) {
  if (count + (u64)waiting > room) {
    room *= 2;
    states = must(realloc(states, room * sizeof *states));
    parents = must(realloc(parents, room * sizeof *parents));
  }
  while (2 * (count + (u64)waiting) > slots) grow();
  for (int k = 0; k < waiting; k++) {
    u64 h = batch[k].hash, place = h & (slots - 1);
    while (table[place] && table[place] != h) place = (place + 1) & (slots - 1);
    if (table[place]) continue;
    table[place] = h;
    states[count] = batch[k].state;
    parents[count++] = batch[k].parent;
    check(batch[k].state.vars);
  }
  generated += (u64)waiting;
  waiting = 0;
}

static inline u64 step_down(u64 v, int i) {
  v = PUT(v, ROLE, i, FOLLOWER);
  v = PUT_ROW(v, GRANTED, i, 0);
  return v | (u64)7 << (AGE + 3 * i);
}

static inline void receive(State s, int k, u32 me) {
  u32 m = slot(s.msgs, k), i = DEST(m), j = SOURCE(m), term = TERM_OF(m), own = GET(s.vars, TERM, i);
  u64 v = s.vars, rest = without(s.msgs, k);
  if (term > own) {
    v = PUT(step_down(v, i), TERM, i, term);
    emit((State){PUT(v, VOTE, i, 0), s.msgs}, me);
  } else if (KIND(m) == VOTE_REQUEST) {
    u32 vote = GET(v, VOTE, i);
    int grants = term == own && (vote == 0 || vote == j + 1) && GET(v, ELAPSED, i) >= ELECTION_TICKS;
    if (grants) v = PUT(v, VOTE, i, j + 1);
    emit((State){v, with(rest, MESSAGE(VOTE_REPLY, i, j, own, (u32)grants))}, me);
  } else if (KIND(m) == VOTE_REPLY) {
    if (term == own && GET(v, ROLE, i) == CANDIDATE) v |= (u64)(m & 1) << (GRANTED + 3 * i + j);
    emit((State){v, rest}, me);
  } else if (KIND(m) == BEAT) {
    u32 age = 1;
    if (term == own) {
      v = PUT(step_down(v, i), ELAPSED, i, 0);
      age = m & 1;
    }
    emit((State){v, with(rest, MESSAGE(BEAT_REPLY, i, j, own, age))}, me);
  } else {
    if (term == own && GET(v, ROLE, i) == LEADER) v &= ~((u64)(~m & 1) << (AGE + 3 * i + j));
    emit((State){v, rest}, me);
  }
  emit((State){s.vars, rest}, me); /* lost */
}

static inline u32 older(u32 m) { return KIND(m) >= BEAT ? m | 1 : m; }

static inline void tick(State s, u32 me) {
  u64 e = s.vars >> ELAPSED & 63, below = ~(e >> 1) & 21; /* a field that is 2 stays 2 */
  u64 v = (s.vars & ~((u64)63 << ELAPSED)) | (e + below) << ELAPSED | (u64)511 << AGE;
  emit((State){v, sorted(older(slot(s.msgs, 0)), older(slot(s.msgs, 1)), older(slot(s.msgs, 2)))}, me);
}

static inline void act(State s, u32 i, int full, u32 me) {
  u64 v = s.vars;
  u32 role = GET(v, ROLE, i), term = GET(v, TERM, i), granted = ROW(v, GRANTED, i);
  if (role != LEADER && GET(v, ELAPSED, i) >= ELECTION_TICKS && term < MAX_TERM) {
    u64 w = PUT(PUT(v, TERM, i, term + 1), ROLE, i, CANDIDATE);
    emit((State){PUT_ROW(PUT(w, VOTE, i, i + 1), GRANTED, i, 1u << i), s.msgs}, me);
  }
  if (role == FOLLOWER) return;
  if (role == CANDIDATE && __builtin_popcount(granted) >= 2) {
    u64 w = PUT_ROW(PUT(v, ROLE, i, LEADER), GRANTED, i, 0);
    emit((State){w | (u64)7 << (AGE + 3 * i), s.msgs}, me);
  }
  if (full) return;
  for (u32 j = 0; j < N; j++) {
    if (role == CANDIDATE && !(granted >> j & 1))
      emit((State){v, with(s.msgs, MESSAGE(VOTE_REQUEST, i, j, term, 0))}, me);
    if (role == LEADER && j != i) emit((State){v, with(s.msgs, MESSAGE(BEAT, i, j, term, 0))}, me);
  }
}

int main(void) {
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  room = 1 << 20;
  states = must(malloc(room * sizeof *states));
  parents = must(malloc(room * sizeof *parents));
  grow();
  emit((State){(u64)511 << AGE, 0}, UINT32_MAX);
  flush();
  int depth = 0;
  for (u64 first = 0, last; first < count; first = last) {
    depth++;
    last = count;
    for (u64 k = first; k < last; k++) {
      State s = states[k];
      int before = waiting;
      for (u32 i = 0; i < N; i++) act(s, i, slot(s.msgs, CAPACITY - 1) != 0, (u32)k);
      for (int m = 0; m < CAPACITY && slot(s.msgs, m); m++) receive(s, m, (u32)k);
      tick(s, (u32)k);
      if (waiting == before) fail("deadlock");
      if (waiting >= BATCH) flush();
    }
    flush();
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
  printf("{\"distinct\": %llu, \"generated\": %llu, \"depth\": %d, \"seconds\": %.6f}\n",
         (unsigned long long)count, (unsigned long long)generated, depth, seconds);
  return 0;
}
