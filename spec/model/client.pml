/* What the client does, one inline for each kind of change: sending, and settling by reading. See outcome.pml. */

/* The journal keeps the order of its entries: if a later intent is there, so is the end of the call before it. */
inline ends_kept(c) { if :: jr[c] == 2 -> jr[c] = 3 :: else fi }

/* An attempt is sent. Its moments are in the journal before that. `first` is the moment of the first attempt whose
 * outcome is unknown; the fence is the latest of those. An attempt that was answered with "not done" counts for
 * neither. */
inline send(c, to, ahead) {
  d_step {
    if
    :: seq[c] == 0 -> nseq++; seq[c] = nseq;
      shown[c] = (CHANGES(kind[c]) && val == WANT(c));
      if
      :: kind[c] == ALL -> old[c * 3] = (st[0] == OPEN); old[c * 3 + 1] = (st[1] == OPEN); old[c * 3 + 2] = (st[2] == OPEN)
      :: else
      fi
    :: else
    fi;
#if MUTANT == 6
    if :: tries[c] == 0 -> first[c] = now + ahead :: else fi;
    if :: fence[c] < FENCE(c, now + ahead) -> fence[c] = FENCE(c, now + ahead) :: else fi;
#elif MUTANT == 13
    if :: tries[c] == 0 -> first[c] = now; fence[c] = FENCE(c, now + ahead) :: else fi;
#else
    if
    :: !unk[c] -> first[c] = now; fence[c] = FENCE(c, now + ahead)
    :: unk[c] && fence[c] < FENCE(c, now + ahead) -> fence[c] = FENCE(c, now + ahead)
    :: else
    fi;
#endif
    ends_kept(0); ends_kept(1); ends_kept(2);
#if MUTANT != 14
    jr[c] = 1;
#endif
    h = c * ATT + tries[c];
    from[h] = now + ahead; till[h] = now + ahead + WINDOW(c); aim[h] = to; fly[h] = 1;
    h = 0;
    cur[c] = tries[c]; tries[c]++; ans[c] = HEARD_NOTHING
  }
}

/* The answer comes, or none comes in time. */
inline hear(c, r) {
#if MUTANT == 14
  jr[c] = 1;
#endif
  if
  :: atomic { ans[c] != HEARD_NOTHING -> r = ans[c]; ans[c] = HEARD_NOTHING; cur[c] = HEARD }
  :: atomic { r = HEARD_NOTHING; unk[c] = 1; ans[c] = HEARD_NOTHING; cur[c] = HEARD }
  fi
}

/* Reads a record: as it is now, or as the list last showed it. */
inline read_record(v, u) {
  if
  :: d_step { v = val; u = upd }
  :: d_step { lag_val != NEVER -> v = shown_val; u = shown_upd }
  fi
}

#define MAY_SEE(i)  (st[i] == OPEN || listed[i] == OPEN || st[i] > OPEN || past[i] > OPEN)
#define MISSED_OPEN(i) (st[i] != OPEN || listed[i] != OPEN)
#define MISSED_PAST(i) (st[i] <= OPEN || past[i] <= OPEN)

/* ---- Placements: the same id is sent again at once, since the exchange takes an id once. */

#ifdef CALLERS_ID
#define SAME_MOMENT (st[0] != ABSENT && made_at[0] == now) /* real moments are finer than the ticks of the model */
#else
#define SAME_MOMENT 0
#endif

inline place(c) {
  atomic {
    if
    :: CAN_SEND(c) && FREE(c) && !SAME_MOMENT ->
      if
      :: send(c, 0, 0)
#if AHEAD
      :: c == 0 -> send(c, 0, AHEAD)
#endif
      fi
    :: say_not_sent(c); goto over
    fi
  };
  do
  :: hear(c, r);
    if
    :: r == DONE_IT -> say_ok(c); goto over
#ifdef CALLERS_ID
    :: r == DUPLICATE && !unk[c] -> say_rejected(c); goto over
    :: r == DUPLICATE && unk[c] -> break
#else
    :: r == DUPLICATE -> say_ok(c); goto over
#endif
#if MUTANT == 27
    :: r == REFUSED -> say_rejected(c); goto over
#endif
    :: r == REFUSED && !unk[c] -> say_rejected(c); goto over
    :: atomic { (r == REFUSED || r == HEARD_NOTHING) && CAN_SEND(c) && !SAME_MOMENT -> send(c, 0, 0) }
    :: (r == REFUSED || r == HEARD_NOTHING) && unk[c] -> break
    fi
  od;
  if :: ended[c] = 1 :: skip fi /* the caller gives up, or waits on */
}

/* ---- Cancels by id: sent again at once, since what is cancelled stays cancelled. */

inline cancel(c) {
  atomic { if :: CAN_SEND(c) -> send(c, 0, 0) :: say_not_sent(c); goto over fi };
  do
  :: hear(c, r);
    if
    :: r == DONE_IT -> say_ok(c); goto over
    :: (r == REFUSED || r == NOT_THERE) && !unk[c] -> say_rejected(c); goto over
#if MUTANT == 28
    :: r == NOT_THERE -> say_rejected(c); goto over
#endif
    :: r == NOT_THERE && unk[c] -> break
    :: atomic { (r == REFUSED || r == HEARD_NOTHING) && CAN_SEND(c) -> send(c, 0, 0) }
    :: (r == REFUSED || r == HEARD_NOTHING) && unk[c] -> break
    fi
  od;
  if :: ended[c] = 1 :: skip fi /* the caller gives up, or waits on */
}

/* ---- Amendments and stops of the whole position: never a second copy beside one that can act. */

/* The record says what an earlier call asked for. */
#define SHOWS_EARLIER(c, d) ((c) != (d) && seq[d] != 0 && seq[d] < seq[c] \
  && (kind[d] == kind[c] && v == WANT(d) || kind[d] == ALL && v == NO_STOP))

/* The change was not made: the record does not show it, and has not changed since the first unknown attempt. */
#if MUTANT == 17
#define NOT_MADE(c) (v != GONE_VALUE)
#else
#define NOT_MADE(c) (v != GONE_VALUE && u < first[c])
#endif

/* A later change waits. A stop that protects is sent at once. What it did is read again once no copy of the others can
 * act. */
inline change(c) {
  atomic {
    if
    :: CAN_SEND(c) && FREE(c) -> send(c, 0, 0)
    :: CAN_SEND(c) && !FREE(c) && kind[c] == STOP -> bypass[c] = 1; send(c, 0, 0)
    :: say_not_sent(c); goto over
    fi
  };
  do
  :: hear(c, r);
    if
    :: r == DONE_IT && (!bypass[c] || MUTANT == 8 || MUTANT == 34 && OVERTAKEN(c)) -> say_ok(c); goto over
    :: atomic { r == DONE_IT && bypass[c] -> done = 1; unk[c] = (MUTANT != 33) } /* it counts for `first` */
    :: (r == REFUSED || r == NOT_THERE) && (done || maybe) -> say_final(c); goto over
    :: (r == REFUSED || r == NOT_THERE) && !done && !maybe -> say_rejected(c); goto over
    :: atomic { r == REFUSED && !unk[c] && CAN_SEND(c) && !OVERTAKEN(c) -> send(c, 0, 0); r = 99 }
    :: r == HEARD_NOTHING
    fi;
    if
    :: r == 99
#if MUTANT == 30
    :: atomic { r != 99 && NEARLY_PAST(c) && v == 0 -> read_record(v, u) };
      if :: v == WANT(c) && u >= first[c] -> say_ok(c); goto over :: else fi
#endif
#if MUTANT == 21
    :: atomic { r == HEARD_NOTHING && CAN_SEND(c) -> send(c, 0, 0) }
#endif
    :: atomic { r != 99 -> ended[c] = 1 }; break /* the caller gives up */
    :: r != 99 && PAST(c) ->
      read_record(v, u);
      if
#if MUTANT == 9
      :: done -> say_ok(c); goto over
#endif
      :: v == WANT(c) -> say_ok(c); goto over
      /* A copy of an earlier call has undone it: it is made again, unless a later change was sent. */
      :: v != WANT(c) && CALLS(SHOWS_EARLIER, c) && bypass[c] ->
        if
        :: atomic { CAN_SEND(c) && !OVERTAKEN(c) -> maybe = 1; send(c, 0, 0) }
        :: say_final(c); goto over
        fi
      /* It was acknowledged. Somebody else, or a later call, has changed it since. */
      :: v != WANT(c) && !(CALLS(SHOWS_EARLIER, c) && bypass[c]) && done -> say_ok(c); goto over
      :: v != WANT(c) && !(CALLS(SHOWS_EARLIER, c) && bypass[c]) && !done ->
        if
        :: NOT_MADE(c) && !maybe ->
          if
          :: atomic { CAN_SEND(c) && !OVERTAKEN(c) -> send(c, 0, 0) }
          :: say_rejected(c); goto over
          fi
        :: else -> say_final(c); goto over
        fi
      fi
    fi;
    v = 0; u = 0
  od
}

/* ---- Cancel-all. If its outcome is unknown, the orders that were there before and are still listed are cancelled by id.
 * It is told as done after the fence, by a list that shows none of them. */

#define OLDER(c, i) (made_at[i] <= first[c])
#define LISTS(c, i) (OLDER(c, i) && (st[i] == OPEN || listed[i] == OPEN))
#define MEANT(c, i) (made_at[i] < first[c] && (st[i] == OPEN || listed[i] == OPEN))
#define LISTS_NOW(c, i) (OLDER(c, i) && st[i] == OPEN)
#define LISTED_LAST(c, i) (OLDER(c, i) && listed[i] == OPEN)
#define NONE_LISTED(c) (!CALLS(LISTS_NOW, c) || !CALLS(LISTED_LAST, c))

inline cancel_all(c) {
  atomic { if :: CAN_SEND(c) && FREE(c) -> send(c, 0, 0) :: say_not_sent(c); goto over fi };
  hear(c, r);
  if
  :: r == DONE_IT -> say_ok(c); goto over
  :: r == REFUSED -> say_rejected(c); goto over
  :: r == HEARD_NOTHING
  fi;
  do
  :: atomic { CAN_SEND(c) && LISTS(c, 0) -> send(c, 1, 0) }; hear(c, r)
  :: atomic { CAN_SEND(c) && LISTS(c, 2) -> send(c, 3, 0) }; hear(c, r)
#if MUTANT == 22
  :: NONE_LISTED(c) -> now >= fence[c]; say_ok(c); goto over
#else
  :: atomic { PAST(c) && NONE_LISTED(c) -> say_ok(c); goto over }
#endif
  :: break
  od;
  if :: ended[c] = 1 :: skip fi /* the caller gives up, or waits on */
}

/* ---- Partial stops: a second copy would add a second time. */

inline add_part(c) {
  atomic { if :: CAN_SEND(c) && FREE(c) -> send(c, 0, 0) :: say_not_sent(c); goto over fi };
  do
  :: hear(c, r);
    if
    :: r == DONE_IT -> say_ok(c); goto over
    :: r == REFUSED && !unk[c] -> say_rejected(c); goto over
    :: atomic { r == REFUSED && !unk[c] && CAN_SEND(c) -> send(c, 0, 0) }
#if MUTANT == 24
    :: atomic { r == HEARD_NOTHING && CAN_SEND(c) -> send(c, 0, 0) }
#endif
    :: unk[c] -> break
    fi
  od;
  if :: ended[c] = 1 :: skip fi /* the caller gives up, or waits on */
}

/* ---- Settling by reading alone: at the end of a call, by a later resolve, and by reconcile after a restart. */

inline settle_place(c) {
  do
  :: atomic { MAY_SEE(PLACED_AT) && OURS(c) -> say_ok(c); break }
  :: atomic { MAY_SEE(PLACED_AT) && THEIRS(c) -> say_rejected(c); break }
  :: atomic { MAY_SEE(PLACED_AT) && !OURS(c) && !THEIRS(c) && now >= fence[c] + VIS -> say_final(c); break }
  :: sweep(c, PLACED_AT)
  :: atomic { sweeps == 2 -> say_rejected(c); break }
  od
}

/* At the end of the model's time all lists are true. No time passes any more, so nobody waits. */
#define APART (now > swept + VIS || now == MAXT && lag_open == NEVER && lag_past == NEVER)

/* A step of a sweep that does not see order i. The open orders and the history may be read in either order. */
inline sweep(c, i) {
  if
  :: atomic { half == 0 && sweeps == 0 && FIRST_SWEEP(c) && MISSED_OPEN(i) -> half = 1 }
  :: atomic { half == 0 && sweeps == 0 && FIRST_SWEEP(c) && MISSED_PAST(i) -> half = 2 }
  :: atomic { half == 0 && sweeps == 1 && APART && MISSED_OPEN(i) -> half = 1 }
  :: atomic { half == 0 && sweeps == 1 && APART && MISSED_PAST(i) -> half = 2 }
  :: atomic { half == 1 && MISSED_PAST(i) || half == 2 && MISSED_OPEN(i) -> half = 0;
      sweeps = (MUTANT == 20 -> 2 : sweeps + 1); swept = (sweeps == 2 -> 0 : now) }
  fi
}

inline settle_cancel(c) {
  do
  :: atomic { st[0] == CANCELLED -> say_ok(c); break } /* an order that has ended stays so, even if that shows late */
#if MUTANT == 29
  :: atomic { MISSED_OPEN(0) && MISSED_PAST(0) -> say_rejected(c); break }
#endif
  :: atomic { st[0] == FILLED -> say_rejected(c); break }
  :: atomic { now >= fence[c] + LAG && (st[0] == OPEN || listed[0] == OPEN) -> say_rejected(c); break }
  :: sweep(c, 0)
  :: atomic { sweeps == 2 -> say_final(c); break }
  od
}

inline settle_change(c) {
  PAST(c);
  read_record(v, u);
  if
  :: v == WANT(c) -> say_ok(c)
  :: v != WANT(c) && NOT_MADE(c) -> say_rejected(c)
  :: v != WANT(c) && !NOT_MADE(c) -> say_final(c)
  fi
}

/* "Not done" is told only if no cancel by id can have been sent, and the open order was certainly there before. */
inline settle_all(c) {
  if
  :: atomic { PAST(c) && NONE_LISTED(c) -> say_ok(c) }
  :: atomic { PAST(c) && CALLS(LISTS, c) ->
      if
      :: (tries[c] > 1 || restarted || !CALLS(MEANT, c)) && MUTANT != 23 -> say_final(c)
      :: else -> say_rejected(c)
      fi }
  fi
}

/* Partial stops are counted. Two sweeps saw `n` orders of that price and size which were made since the first unknown attempt.
 * Of the other calls that are done, at most MOST made theirs since then, and at least LEAST did and were certain to show in
 * the first sweep. If there are more orders than all others can have made, this call made one. If there are no more than the
 * others made, it made none. While another call for the same stop is in flight, nothing is told. */
#define IN_FLIGHT(c, d) ((c) != (d) && kind[d] == PART && seq[d] != 0 && !ended[d] && !unk[d])
#define DONE_SINCE(c, d) ((c) != (d) && kind[d] == PART && ok[d] && jr[d] >= 2 && end_at[d] >= first[c] -> 1 : 0)
#if MUTANT == 32
#define SHOWS_DONE(d) 1
#else
#define SHOWS_DONE(d) (end_at[d] + VIS < swept)
#endif
#define DONE_SURELY(c, d) ((c) != (d) && kind[d] == PART && ok[d] && jr[d] >= 2 && first[d] >= first[c] \
  && SHOWS_DONE(d) -> 1 : 0)
#define OPEN_BESIDE(c, d) ((c) != (d) && kind[d] == PART && seq[d] != 0 && (final[d] || jr[d] == 1) -> 1 : 0)
#if MUTANT == 25
#define MOST(c) 0
#else
#define MOST(c) (DONE_SINCE(c, 0) + DONE_SINCE(c, 1) + DONE_SINCE(c, 2))
#endif
#define LEAST(c) (DONE_SURELY(c, 0) + DONE_SURELY(c, 1) + DONE_SURELY(c, 2))
#if MUTANT == 26
#define BESIDE(c) 0
#else
#define BESIDE(c) (OPEN_BESIDE(c, 0) + OPEN_BESIDE(c, 1) + OPEN_BESIDE(c, 2))
#endif

inline look(c, i, m) {
  if
  :: st[i] != ABSENT && made_at[i] >= first[c] && MAY_SEE(i) -> seen = seen | m
  :: MISSED_OPEN(i) && MISSED_PAST(i)
  :: st[i] != ABSENT && made_at[i] < first[c]
  fi
}

inline settle_part(c) {
  atomic { FIRST_SWEEP(c); look(c, 0, 1); look(c, 1, 2); look(c, 2, 4); swept = now };
  atomic {
    APART && !CALLS(IN_FLIGHT, c); look(c, 0, 1); look(c, 1, 2); look(c, 2, 4);
    n = (seen & 1) + ((seen >> 1) & 1) + (seen >> 2);
    if
    :: n >= MOST(c) + BESIDE(c) + 1 -> say_ok(c)
    :: n <= LEAST(c) -> say_rejected(c)
    :: else -> say_final(c)
    fi;
    n = 0; seen = 0; swept = 0
  }
}
