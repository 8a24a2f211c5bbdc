/* A model of the lease: who alone may add risk under an id prefix (doc/processes.md). spin searches it whole (`make model`).
 * Each rule is a macro with its sentence above it. MUTANT n leaves a rule out, or weakens it, or lets the world do more than
 * the rules allow for: spin must then find a mistake. The simulation (spec/torture/lease.c) runs the client's own code by
 * the same rules.
 *
 * What is in the model:
 * - Two programs. Each may pause at any step, for ever too. One is killed and started anew, RESTARTS times.
 * - A share that gives the lease. Requests and answers between it and a program come late or get lost. A request that a
 *   program does not wait for any more may still arrive (STRAYS). Up to LOSSES times the share loses all that it knows.
 * - Clocks: the exchange's, the share's, and one of each program. Compared with the exchange's, each of the others gains or
 *   loses one (DRIFT) at some moment. That is the bound of their rates.
 * - Orders in the network. The exchange takes one at any moment until its timestamp plus the window has passed. The program
 *   knows the exchange's clock within DOUBT; a timestamp may be ahead by so much.
 * - What the exchange took shows in its lists up to VIS later.
 *
 * What is claimed:
 * - Once a holder has read the lists, no order of an earlier holder is taken any more.
 * - A holder that signs an order has seen all that was taken from earlier holders.
 *
 * There is no end of time: what the model keeps of a moment is how many ticks of the clock in question are left until it.
 * MARGIN is what the clocks of share and program may go wrong by, and one more. It stands for the second in the rule
 * `timestamp + receive_window + 1 s`. */

#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef GRANTS
#define GRANTS 3 /* how often the lease goes to another */
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef STRAYS
#define STRAYS 0
#endif
#ifndef DRIFT
#define DRIFT 1
#endif
#ifndef DOUBT
#define DOUBT 0
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif
#ifndef RELEASES
#define RELEASES 0 /* programs may end, and release the lease */
#endif
#ifndef VIS
#define VIS 1
#endif
#define WINDOW 1
#define MARGIN (1 + 2 * DRIFT)
#define LASTS (WINDOW + MARGIN + DOUBT + 1) /* how long a lease lasts */
#define NOBODY 0

bit share_drifted, drifted[2];

/* The share. */
byte owner, until, number; /* the lease is `owner`'s for so many ticks; `number` counts the changes of its owner */
byte gone;                 /* how long ago it expired, at most VIS */
byte grants;               /* how many changes there were in all, also before a loss */
byte blank;                /* for so many ticks the share does not know what it has given before */
byte losses;

/* The programs, as they know themselves. */
byte id[2];                /* differs for each start of a program */
byte mine[2], held[2];     /* the number under which it holds the lease, and for how long */
byte looks_in[2];          /* when it may read the lists */
bit ready[2];              /* it has read them since it got the lease */
bit decided[2];            /* mutant 5 */
bit over[2];               /* it has ended */
byte restarts;

/* Between program and share: 0 nothing; 1 a request; 2 its answer, which says yes. */
byte asking[2], asked[2], told[2], age[2];  /* asked: how long ago, by the program's clock */
bit stray[2];              /* a request that nobody waits for */
byte release[2], rest[2];  /* the number of a lease that is released, and when it is free */

/* Orders: one of each program is signed and may reach the exchange. */
byte order[2];             /* for so many ticks the exchange takes it; 0: there is none */
byte under[2];             /* the number under which it was signed */
byte acts[2];              /* for so many ticks of its clock the program must think that it may act */

/* The truth. */
byte seen;                 /* the highest number whose holder has read the lists */
byte unshown;               /* for so many ticks not all shows that the exchange took */
bit news[2];               /* the exchange took an order that the program knows nothing of */
bit traded;

/* ---- the rules ---- */

/* The share gives the lease to another only when it has expired, by the share's clock. */
#if MUTANT == 1
#define EXPIRED (until <= 1)
#else
#define EXPIRED (until == 0)
#endif

/* A share that lost what it knew, or is new, gives no lease before the longest one has passed that it may have given. */
#if MUTANT == 6
#define KNOWS 1
#else
#define KNOWS (blank == 0)
#endif

/* Only the holder's own request renews. */
#if MUTANT == 14
#define MAY_HAVE(h) KNOWS
#else
#define MAY_HAVE(h) (KNOWS && (owner == id[h] || owner == NOBODY || EXPIRED))
#endif

/* A lease counts from the moment at which it was asked for, by the clock of the program, not from the answer. */
#if MUTANT == 2
#define LEFT(h) LASTS
#else
#define LEFT(h) (LASTS > asked[h] -> LASTS - asked[h] : 0)
#endif

/* Another number than before is a lease that somebody else may have had meanwhile, whatever the program remembers. */
#if MUTANT == 7
#define CHANGED(h) (mine[h] == 0)
#else
#define CHANGED(h) (told[h] != mine[h])
#endif

/* No number is ever given twice, also when the share has lost what it knew. */
#if MUTANT == 18
#define NEXT_NUMBER (number + 1)
#else
#define NEXT_NUMBER grants
#endif

/* The lists are read only when all shows that was taken until the lease before had expired. */
#if MUTANT == 9
#define SHOWS_IN(h) 0
#else
#define SHOWS_IN(h) (VIS - age[h])
#endif

/* Nothing is signed unless the lease outlives timestamp + window + margin, where the timestamp may be ahead by the doubt. */
#if MUTANT == 3
#define NEEDS (WINDOW + DOUBT + MARGIN - 1)
#elif MUTANT == 4
#define NEEDS (DOUBT + MARGIN)
#elif MUTANT == 15
#define NEEDS (WINDOW + MARGIN)
#else
#define NEEDS (WINDOW + DOUBT + MARGIN)
#endif
#if MUTANT == 8
#define MAY_SIGN(h) (mine[h] != 0 && held[h] >= NEEDS)
#else
#define MAY_SIGN(h) (mine[h] != 0 && ready[h] && held[h] >= NEEDS)
#endif

/* Who ends gives the lease back for the moment after which nothing can act that it has signed. */
#if MUTANT == 11
#define REST(h) 0
#else
#define REST(h) acts[h]
#endif

/* Each start of a program is another holder. */
#if MUTANT == 17
#define NEW_ID 1
#else
#define NEW_ID 3
#endif

/* A release is for one number. */
#if MUTANT == 16
#define RELEASED(h) 1
#else
#define RELEASED(h) (number == release[h])
#endif

/* ---- the world ---- */

/* The exchange takes no order whose window has passed. */
#if MUTANT == 12
#define LIFE (WINDOW + DOUBT + 2)
#else
#define LIFE (WINDOW + DOUBT + 1)
#endif

/* Clocks drift once. */
#if MUTANT == 13
#define DRIFTS(was) 1
#else
#define DRIFTS(was) (DRIFT && !was)
#endif

#define LESS(n, k) n = (n > k -> n - k : 0)

inline choose_ticks(was) {
  if
  :: k = 1
  :: DRIFTS(was) -> was = 1; k = 2
  :: DRIFTS(was) -> was = 1; k = 0
#if MUTANT == 10
  :: k = 0 /* a clock that stands still while the computer sleeps */
#endif
  fi
}

inline program_ticks(h) {
  choose_ticks(drifted[h]);
  LESS(held[h], k); LESS(looks_in[h], k); LESS(acts[h], k);
  held[h] = (held[h] < NEEDS -> 0 : held[h]); /* good for nothing */
  asked[h] = (asking[h] == 0 -> 0 : (asked[h] + k > LASTS -> LASTS : asked[h] + k))
}

byte k; /* for one step only */

inline tick() {
  atomic {
    LESS(order[0], 1); LESS(order[1], 1); LESS(unshown, 1);
    under[0] = (order[0] == 0 -> 0 : under[0]); under[1] = (order[1] == 0 -> 0 : under[1]);
    choose_ticks(share_drifted);
    gone = (until >= k -> 0 : (gone + k - until > VIS -> VIS : gone + k - until));
    LESS(until, k); LESS(blank, k);
    program_ticks(0);
    program_ticks(1);
    k = 0
  }
}

inline lose() {
  d_step {
    losses < LOSSES -> losses++;
    owner = NOBODY; until = 0; number = 0; gone = VIS; blank = LASTS
  }
}

/* The share decides. */
inline give(h) {
  if
  :: owner == id[h] -> until = LASTS
  :: owner != id[h] ->
    age[h] = gone; gone = 0;
    grants++; number = NEXT_NUMBER; owner = id[h]; until = LASTS
  fi
}
#define ENOUGH(h) (owner != id[h] && grants >= GRANTS) /* the run ends here */

/* ---- a program ---- */

inline ask(h) {
  d_step {
    asking[h] == 0 && !over[h] && held[h] < LASTS && (h == 0 || grants > 0) && !ENOUGH(h) ->
    asking[h] = 1
  }
}

inline arrive(h) {
  d_step {
    asking[h] == 1 && !ENOUGH(h) ->
    if
    :: MAY_HAVE(h) -> give(h); told[h] = number; asking[h] = 2
    :: else -> asking[h] = 0
    fi;
    asked[h] = (asking[h] == 0 -> 0 : asked[h])
  }
}

inline stray_arrives(h) {
  d_step {
    stray[h] && !ENOUGH(h) -> stray[h] = 0;
    if
    :: MAY_HAVE(h) -> give(h); age[h] = 0
    :: else -> skip
    fi
  }
}

/* It waits no longer, or the answer is lost. */
inline give_up(h) {
  d_step {
    asking[h] == 2 || STRAYS && asking[h] == 1 && !stray[h] -> stray[h] = (asking[h] == 1 -> 1 : stray[h]);
    asking[h] = 0; asked[h] = 0; told[h] = 0; age[h] = 0
  }
}

inline hear(h) {
  d_step {
    asking[h] == 2 ->
    held[h] = LEFT(h);
    held[h] = (held[h] < NEEDS -> 0 : held[h]);
    if
    :: CHANGED(h) -> ready[h] = 0; looks_in[h] = SHOWS_IN(h)
    :: else -> skip
    fi;
    mine[h] = told[h]; asking[h] = 0; asked[h] = 0; age[h] = 0; told[h] = 0
  }
}

/* It reads what there is: client:reconcile. What was taken just now may not show yet. */
inline look(h) {
  d_step {
    mine[h] != 0 && !ready[h] && !over[h] && looks_in[h] == 0 ->
    ready[h] = 1;
    seen = (mine[h] > seen -> mine[h] : seen);
    news[h] = (unshown > 0 -> news[h] : 0)
  }
}

inline signs(h) {
  assert(!news[h]);
  order[h] = LIFE; under[h] = mine[h]; acts[h] = NEEDS
}

/* The lease is compared at the moment from which the timestamp is made: a program that pauses between the two signs for the
 * moment that has passed. */
#if MUTANT == 5
inline decide(h) { d_step { order[h] == 0 && !over[h] && !decided[h] && MAY_SIGN(h) -> decided[h] = 1 } }
inline sign(h) { d_step { decided[h] && !over[h] -> decided[h] = 0; signs(h) } }
#else
inline decide(h) { false }
inline sign(h) { d_step { order[h] == 0 && !over[h] && MAY_SIGN(h) -> signs(h) } }
#endif

/* The order reaches the exchange. */
inline reach(h) {
  d_step {
    order[h] != 0 ->
    assert(under[h] >= seen);
    news[1 - h] = 1; traded = 1; unshown = VIS;
    news[h] = (under[h] != mine[h] -> 1 : news[h]);
    order[h] = 0; under[h] = 0
  }
}

inline end_it(h) {
  d_step {
    RELEASES && mine[h] != 0 && !over[h] ->
    over[h] = 1; release[h] = mine[h]; rest[h] = REST(h); held[h] = 0; looks_in[h] = 0;
    asking[h] = 0; asked[h] = 0; told[h] = 0; age[h] = 0
  }
}

inline release_arrives(h) {
  d_step {
    release[h] != 0 ->
    if
    :: RELEASED(h) && rest[h] < until -> until = rest[h]
    :: else -> skip
    fi;
    release[h] = 0; rest[h] = 0
  }
}

/* It is killed, or has ended, and is started anew. What it had sent may still arrive. */
inline restart(h) {
  d_step {
    h == 0 && restarts < RESTARTS && mine[h] != 0 -> restarts++;
    id[h] = NEW_ID; mine[h] = 0; held[h] = 0; ready[h] = 0; over[h] = 0; asking[h] = 0; asked[h] = 0; told[h] = 0; age[h] = 0;
    looks_in[h] = 0; decided[h] = 0; acts[h] = 0; news[h] = traded
  }
}

#define STEPS(h) \
  :: ask(h) :: arrive(h) :: stray_arrives(h) :: give_up(h) :: hear(h) :: look(h) :: decide(h) :: sign(h) :: reach(h) \
  :: end_it(h) :: release_arrives(h) :: restart(h)

active proctype World() {
  id[0] = 1; id[1] = 2; gone = VIS;
end:
  do
  :: tick()
  :: lose()
  STEPS(0)
  STEPS(1)
  od
}
