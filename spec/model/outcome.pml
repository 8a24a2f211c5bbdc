/* A model of the rules by which outcomes are told. spin searches it whole (`make model`). Each rule is a macro or an inline,
 * here or in client.pml, with its sentence above it. MUTANT n leaves a rule out, or weakens it: spin must then find a
 * mistake. The specs test the code. This file tests the rules that the code follows.
 *
 * What is in the model:
 * - Up to three calls of one client: a placement (with an id that the client made, or with the caller's own), a cancel by
 *   id, an amendment, a cancel-all, a stop of the whole position, a partial stop (which adds one). Calls on the same target
 *   run at the same time, or one after the other.
 * - The network loses copies and answers. It delivers late. Once it sends a second copy of a request whose answer is lost.
 * - The exchange takes a copy if its timestamp is not ahead, and its window has not passed. It may refuse a copy for any
 *   reason. It takes a client order id once. Its lists show a change up to VIS later, each list at its own time. A read
 *   sees what the list last showed, or what is true now.
 * - Another hand fills, cancels, amends and places orders, and changes stops.
 * - The client dies at most once, at any moment, and starts again from its journal. What it committed is there, in order.
 *   The end of a call may be missing if nothing was committed after it.
 * - A caller may give up at any moment. What is open then, or after a restart, is settled by reading alone.
 * - Time is a counter. Everybody may be as slow as they like.
 *
 * What is not in the model:
 * - The fields of a record. A record that tells nothing is a read that did not happen.
 * - The doubt about the exchange's clock. It is part of `first` and `fence`.
 * - Whether a stop changes the update time of the position. Here it does.
 * - Stops of the whole position beside partial ones.
 * - Deadlines. A call may end at any moment anyway.
 *
 * What no rule can tell (README says so): a middlebox sends a second copy of a request although its answer came back, or of
 * a partial stop; another hand places an order with the caller's id, symbol and side while our call is under way. A
 * placement with an unknown outcome may take effect after a cancel-all that was told as done.
 *
 * The bounds: K0, K1, K2 are the kinds of the calls. W0, W1, W2 are their windows. VIS is how late the lists show a change.
 * ATT is how many attempts a call has. HANDS is how often the other hand moves. DEATHS is 0 or 1. SENDT is the last moment of
 * sending. `.ci/model` has the combinations. */

#define PLACE  1
#define CANCEL 2
#define AMEND  3
#define ALL    4
#define STOP   5
#define PART   6

#ifndef K1
#define K1 0
#endif
#ifndef K2
#define K2 0
#endif
#ifndef W0
#define W0 0
#endif
#ifndef W1
#define W1 0
#endif
#ifndef W2
#define W2 0
#endif
#ifndef VIS
#define VIS 1
#endif
#ifndef ATT
#define ATT 2
#endif
#ifndef HANDS
#define HANDS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef SENDT
#define SENDT 2
#endif
#ifndef AHEAD
#define AHEAD 0 /* by how much the local clock is ahead at the very first attempt */
#endif
#ifndef ONE_AGAIN
#define ONE_AGAIN 0 /* call 1 alone sends more than once */
#endif
#ifndef DOUBLES
#define DOUBLES 1
#endif
#ifndef WIDE
#define WIDE 0 /* the other hand, and the start, have more values to choose from */
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#define LONGEST (W0 > W1 -> W0 : W1)
#define MAXT (SENDT + LONGEST + AHEAD + VIS + 2)

#define WINDOW(c) ((c) == 0 -> W0 : ((c) == 1 -> W1 : W2))
#define WANT(c) ((c) + 1) /* what an amendment or a stop asks for; at first the record shows 0, 1 or 2 */
#define GONE_VALUE 7      /* the order or position is gone */
#define NO_STOP 8         /* a cancel-all took the stop: it can be set again */
#define HAND 9            /* owner: the other hand */

/* What becomes of an attempt, as the client hears it. */
#define HEARD_NOTHING 0
#define DONE_IT   1
#define REFUSED   2
#define DUPLICATE 3
#define NOT_THERE 4 /* the order has ended, or there is none */

#define NEVER 255

/* Orders. */
#define ABSENT    0
#define OPEN      1
#define FILLED    2
#define CANCELLED 3
#if !defined CALLERS_ID && K0 == PLACE
#define NOW 0 /* when the order was made does not matter */
#else
#define NOW now
#endif
#define PLACED_AT (K0 == ALL -> 1 : 0) /* the slot of the order that a placement makes */

byte now = 1;

/* The exchange's books. */
byte val, upd;                                 /* what the record of the order or position says, and since when */
byte st[3], owner[3], made_at[3];              /* orders */
/* What the lists show: the record, the open orders, the history. `lag`: since when a list is behind. */
byte shown_val, shown_upd, lag_val = NEVER;
byte listed[3], lag_open = NEVER;
byte past[3], lag_past = NEVER;

/* Copies of requests: the n-th attempt of call c has the index c * ATT + n. */
bit fly[3 * ATT];
byte from[3 * ATT], till[3 * ATT], aim[3 * ATT]; /* aim: 0, or 1 + the slot of an order that a cancel-all cancels by id */
bit doubled;

/* Calls, as the client and its journal know them. */
byte kind[3];
byte seq[3], nseq;                             /* the order in which they were sent; 0: not sent yet */
byte tries[3], cur[3], ans[3];
byte first[3], fence[3];
bit unk[3];                                    /* an attempt's outcome is not known */
bit ended[3];                                  /* the caller has its answer, or is gone */
bit bypass[3];                                 /* was sent although copies of another call could still act */
byte jr[3];                                    /* in the journal: 0 nothing, 1 open, 2 ended, 3 ended for certain */
byte end_at[3];
bit died;
byte hands;

/* What was told. */
bit ok[3], rejected[3], not_sent[3], final[3];

/* The truth. Nobody in the model sees it; what is told is compared with it. */
byte acted[3];                                 /* copies that the exchange carried out */
bit shown[3];                                  /* since the call began, the record was once as asked */
bit undone[3];                                 /* a copy of an earlier call of ours has undone what this call did */
bit old[9];                                    /* c * 3 + i: order i was there when call c began */

byte h, was; /* for one step only; 0 between steps */

#define CALLS(p, c) (p(c, 0) || p(c, 1) || p(c, 2))
#define ALLCALLS(p, c) (p(c, 0) && p(c, 1) && p(c, 2))
#define CHANGES(k) ((k) == AMEND || (k) == STOP)
#define HAS_RECORD (CHANGES(K0) || CHANGES(K1))
#define TRIES(c) (ONE_AGAIN && (c) != 1 -> 1 : ATT)
/* Three calls that are alike begin at the same moment, in order: other orders would show nothing new. */
#define IN_TURN(c) (K2 == 0 || tries[c] != 0 || now == 1 && ((c) == 0 || seq[(c) - 1] != 0))
#define CAN_SEND(c) (now <= SENDT && tries[c] < TRIES(c) && IN_TURN(c))

/* ---------------------------------------------------------------------------------------------------------------------
 * The rules. */

/* The fence of an attempt: its timestamp plus its window plus one. After it the exchange does not accept the attempt. */
#if MUTANT == 5
#define FENCE(c, signed_at) ((signed_at) + 1)
#else
#define FENCE(c, signed_at) ((signed_at) + WINDOW(c) + 1)
#endif

/* A late copy of the earlier call (kind k) could undo what the later call (kind l) does: so the later call waits. A
 * cancel-all never waits. A placement with an unknown outcome may take effect after it. */
#if MUTANT == 7
#define CONFLICT(k, l) 0
#elif MUTANT == 19
#define CONFLICT(k, l) ((k) == (l) && ((k) == AMEND || (k) == STOP || (k) == PLACE))
#elif MUTANT == 10
#define CONFLICT(k, l) ((k) == (l) && ((k) == AMEND || (k) == STOP))
#else
#define CONFLICT(k, l) ((k) == (l) && ((k) == AMEND || (k) == STOP || (k) == PLACE) \
  || (k) == ALL && ((l) == PLACE || CHANGES(l)))
#endif

/* A call holds its target until its caller has the answer; if the answer is `unknown`, until the fence. Intents that an
 * earlier run left open in the journal hold their targets, too. */
#if MUTANT == 3
#define HELD_BY(d) (seq[d] != 0 && jr[d] == 1 && now < fence[d])
#elif MUTANT == 11
#define HELD_BY(d) (seq[d] != 0 && !ended[d] || !died && jr[d] == 1 && now < fence[d])
#else
#define HELD_BY(d) (seq[d] != 0 && (!ended[d] || jr[d] == 1 && now < fence[d]))
#endif
#define BLOCKS(c, d) ((c) != (d) && CONFLICT(kind[d], kind[c]) && HELD_BY(d))
#define FREE(c) (!CALLS(BLOCKS, c))

/* A later change of the same target was sent. The earlier one is overtaken: it is never sent again. */
#define LATER(c, d) ((c) != (d) && CONFLICT(kind[c], kind[d]) && seq[d] > seq[c])
#if MUTANT == 3 || MUTANT == 4
#define OVERTAKEN(c) 0
#else
#define OVERTAKEN(c) CALLS(LATER, c)
#endif

/* The moment from which a read shows everything that copies can have done: copies of this call, and of earlier calls on the
 * same target that were open at the same time. A change shows `VIS` after it was made. */
#if MUTANT == 1
#define LAG 0
#else
#define LAG VIS
#endif
#define RIVAL(c, d) ((c) != (d) && CONFLICT(kind[d], kind[c]) && seq[d] != 0 && seq[d] < seq[c] \
  && (bypass[c] || jr[d] == 1))
#define QUIET(c, d) (!RIVAL(c, d) || now >= fence[d] + LAG)
#if MUTANT == 12
#define PAST(c) (now >= fence[c] + LAG)
#elif MUTANT == 2
#define PAST(c) (1)
#else
#define PAST(c) (now >= fence[c] + LAG && ALLCALLS(QUIET, c))
#endif
#define NEARLY_QUIET(c, d) (!RIVAL(c, d) || now >= fence[d])
#define NEARLY_PAST(c) (now >= fence[c] && ALLCALLS(NEARLY_QUIET, c))

/* Absence takes two whole sweeps. The first begins `VIS` after the fence: an order that was taken at the last moment shows by
 * then. The second begins `VIS` after the end of the first: an order that ended in between shows in the history by then. */
#if MUTANT == 15
#define FIRST_SWEEP(c) (now >= fence[c])
#elif MUTANT == 16
#define FIRST_SWEEP(c) (1)
#else
#define FIRST_SWEEP(c) (now >= fence[c] + VIS)
#endif

/* Whose order has the caller's own id? It is ours if it was made between our first unknown attempt and the fence, and its
 * fields are as asked. It is somebody else's if it was made clearly earlier or later, or if its fields differ. An order
 * with an id that we made is ours. */
#ifdef CALLERS_ID
#define CONTRADICTS (owner[PLACED_AT] == HAND && odd_side)
#if MUTANT == 18
#define OURS(c) (!CONTRADICTS && made_at[PLACED_AT] < fence[c])
#elif MUTANT == 31
#define OURS(c) (!CONTRADICTS && made_at[PLACED_AT] >= first[c])
#else
#define OURS(c) (!CONTRADICTS && made_at[PLACED_AT] >= first[c] && made_at[PLACED_AT] < fence[c])
#endif
#define THEIRS(c) (CONTRADICTS || made_at[PLACED_AT] + 1 < first[c] || made_at[PLACED_AT] >= fence[c])
#else
#define OURS(c) 1
#define THEIRS(c) 0
#endif
bit odd_side;

/* ---------------------------------------------------------------------------------------------------------------------
 * What is told is compared with the books when it is told, and at every later moment. */

#define COUNT3(p) (p(0) + p(1) + p(2))
#define PART_BEGUN(c) (kind[c] == PART && seq[c] != 0 -> 1 : 0)
#define PART_OK(c) (kind[c] == PART && ok[c] -> 1 : 0)
#define PART_REJECTED(c) (kind[c] == PART && rejected[c] -> 1 : 0)
#define PART_MADE(i) (st[i] != ABSENT -> 1 : 0)
#define PART_OWN(i) (st[i] != ABSENT && owner[i] != HAND -> 1 : 0)
/* Partial stops of the same price and size look the same. Only their number can be told. */
#define PARTS_RIGHT (K0 != PART || COUNT3(PART_OK) <= COUNT3(PART_MADE) \
  && COUNT3(PART_OWN) <= COUNT3(PART_BEGUN) - COUNT3(PART_REJECTED))

#define STANDS(c, i) (old[(c) * 3 + i] && st[i] == OPEN)
#define CLEARED(c) (!STANDS(c, 0) && !STANDS(c, 1) && !STANDS(c, 2))
#define OK_TRUE(c) (kind[c] == PLACE && st[PLACED_AT] != ABSENT && owner[PLACED_AT] == (c) \
  || kind[c] == CANCEL && st[0] == CANCELLED || CHANGES(kind[c]) && shown[c] || kind[c] == ALL && CLEARED(c) \
  || kind[c] == PART)

inline close(c) {
  ended[c] = 1; jr[c] = 2; end_at[c] = (K0 == PART -> now : 0); ans[c] = 0; unk[c] = 0; bypass[c] = 0
}

/* A success: the target is as asked, and no copy of an earlier call of ours has undone it. */
inline say_ok(c) {
  d_step {
    assert(OK_TRUE(c)); assert(!undone[c]);
    ok[c] = 1; close(c);
    assert(PARTS_RIGHT); assert(!(kind[c] == PLACE && rejected[c]))
  }
}

/* `rejected`: no copy was carried out, and none will be. */
inline say_rejected(c) {
  d_step {
    assert(kind[c] == PART || acted[c] == 0);
    rejected[c] = 1; close(c);
    assert(PARTS_RIGHT); assert(!((kind[c] == PLACE || kind[c] == PART) && ok[c]))
  }
}

/* `unknown`, and nothing can act any more. */
inline say_final(c) { d_step { final[c] = 1; close(c) } }

/* `not_sent`: no copy has left. */
inline say_not_sent(c) { d_step { assert(tries[c] == 0); not_sent[c] = 1; ended[c] = 1 } }

#define KNOWN(c) (kind[c] == 0 || ok[c] || rejected[c] || not_sent[c] || final[c])

#include "world.pml"
#include "client.pml"

/* A call. At its end, and after a restart, only reading is left to do. */
proctype Call(byte c) {
  byte r, v, u, half, sweeps, swept, seen, n;
  bit done, maybe, restarted;
begin:
  {
    if
    :: kind[c] == PLACE && seq[c] == 0 && !not_sent[c] -> place(c)
    :: kind[c] == CANCEL && seq[c] == 0 && !not_sent[c] -> cancel(c)
    :: CHANGES(kind[c]) && seq[c] == 0 && !not_sent[c] -> change(c)
    :: kind[c] == ALL && seq[c] == 0 && !not_sent[c] -> cancel_all(c)
    :: kind[c] == PART && seq[c] == 0 && !not_sent[c] -> add_part(c)
    :: jr[c] == 1
    :: jr[c] != 1 && (seq[c] != 0 || not_sent[c]) -> goto over
    fi;
    r = 0; v = 0; u = 0; done = 0; maybe = 0;
    if
    :: kind[c] == PLACE -> settle_place(c)
    :: kind[c] == CANCEL -> settle_cancel(c)
    :: CHANGES(kind[c]) -> settle_change(c)
    :: kind[c] == ALL -> settle_all(c)
    :: kind[c] == PART -> settle_part(c)
    fi;
over:
    r = 0; v = 0; u = 0; done = 0; maybe = 0; half = 0; sweeps = 0; swept = 0;
end: false
  } unless {
    atomic {
      died && !restarted -> restarted = 1;
      r = 0; v = 0; u = 0; done = 0; maybe = 0; half = 0; sweeps = 0; swept = 0; seen = 0; n = 0;
      goto begin
    }
  }
}

/* Every intent ends as known or as final: once nothing can happen any more, no call is left open. */
init {
  atomic {
    kind[0] = K0; kind[1] = K1; kind[2] = K2;
    if :: val = 0 :: HAS_RECORD && WIDE -> val = 1 :: HAS_RECORD && !K2 -> val = 2 fi;
    shown_val = val;
    owner[0] = HAND; owner[1] = HAND; owner[2] = HAND;
    if
    :: K0 == CANCEL || K0 == ALL -> st[0] = OPEN; listed[0] = OPEN; past[0] = OPEN
    :: K0 != CANCEL
    fi;
    run World();
    run Call(0);
    if :: K1 != 0 -> run Call(1) :: else fi;
    if :: K2 != 0 -> run Call(2) :: else fi
  };
  timeout;
  assert(KNOWN(0) && KNOWN(1) && KNOWN(2))
}
