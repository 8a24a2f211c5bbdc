/* What the client cannot choose: the exchange, the network, the other hand, and its own death. See outcome.pml. */

inline orders_changed() {
  if :: lag_open == NEVER -> lag_open = now :: else fi;
  if :: lag_past == NEVER -> lag_past = now :: else fi
}

/* A copy of call c, or the other hand (c == HAND), writes the value v into the record. */
inline beaten(c, d, v) {
  if
  :: c != d && CHANGES(kind[d]) && seq[d] != 0 ->
    if
    :: c != HAND && seq[c] < seq[d] && was == WANT(d) && v != WANT(d) && (acted[d] > 0 || ok[d]) ->
      assert(!ok[d]); /* an earlier copy of ours undid what was told */
      undone[d] = 1
    :: c != HAND && seq[c] < seq[d] && !(was == WANT(d) && v != WANT(d) && (acted[d] > 0 || ok[d])) -> skip
    :: c == HAND || seq[c] >= seq[d] -> undone[d] = 0
    fi;
    if :: v == WANT(d) -> shown[d] = 1 :: else fi
  :: else
  fi
}

inline write(c, v) {
  was = val; val = v; upd = now;
  if :: lag_val == NEVER -> lag_val = now :: else fi;
  beaten(c, 0, v); beaten(c, 1, v); beaten(c, 2, v);
  was = 0
}

/* Call c cancels order i. */
inline take_away(c, i) {
  if
  :: st[i] == OPEN ->
    st[i] = CANCELLED; orders_changed();
    assert(owner[i] >= 3 || !(ok[owner[i]] && seq[owner[i]] > seq[c])); /* a late copy took an order placed after it */
    if :: owner[i] < 3 && seq[owner[i]] > seq[c] -> undone[owner[i]] = 1 :: else fi
  :: else
  fi
}

/* Copy k of call c is carried out; h says what the exchange answers. */
inline carry_out(c, k) {
  h = DONE_IT;
  if
  :: kind[c] == PLACE && st[PLACED_AT] != ABSENT -> h = DUPLICATE
  :: kind[c] == PLACE && st[PLACED_AT] == ABSENT ->
    st[PLACED_AT] = OPEN; owner[PLACED_AT] = c; made_at[PLACED_AT] = NOW; orders_changed();
    assert(acted[c] == 0) /* a placement is never made twice */
  :: kind[c] == CANCEL && st[0] != OPEN -> h = NOT_THERE
  :: kind[c] == CANCEL && st[0] == OPEN -> st[0] = CANCELLED; orders_changed()
  :: CHANGES(kind[c]) && val == GONE_VALUE -> h = NOT_THERE
  :: CHANGES(kind[c]) && val != GONE_VALUE -> write(c, WANT(c)); undone[c] = 0; shown[c] = 1
  :: kind[c] == ALL && aim[k] != 0 && st[aim[k] - 1] != OPEN -> h = NOT_THERE
  :: kind[c] == ALL && aim[k] != 0 && st[aim[k] - 1] == OPEN -> take_away(c, aim[k] - 1)
  :: kind[c] == ALL && aim[k] == 0 ->
    take_away(c, 0); take_away(c, 1); take_away(c, 2);
    if :: CHANGES(kind[1 - c]) && val != GONE_VALUE -> write(c, (kind[1 - c] == STOP -> NO_STOP : GONE_VALUE)) :: else fi
  :: kind[c] == PART ->
    h = (st[0] == ABSENT -> 0 : (st[1] == ABSENT -> 1 : 2));
    assert(st[h] == ABSENT);
    st[h] = OPEN; owner[h] = c; made_at[h] = now; orders_changed();
    assert(PARTS_RIGHT);
    h = DONE_IT
  fi;
  if
  :: h == DONE_IT ->
    acted[c]++;
    assert(!not_sent[c] && !final[c]); assert(kind[c] == PART || !rejected[c])
  :: else
  fi
}

inline landed(k) { fly[k] = 0; from[k] = 0; till[k] = 0; aim[k] = 0 }

inline expire(k) { if :: fly[k] && now > till[k] -> landed(k) :: else fi }

#define DEAF 98  /* no answer will come any more */
#define HEARD 99 /* no answer is waited for */
#define HEARS(k) (cur[k / ATT] == k % ATT && !ended[k / ATT] && ans[k / ATT] == HEARD_NOTHING)

/* A copy arrives. Its answer arrives, or is lost. If it is lost, a second copy may be under way. */
inline arrive(k) {
  atomic {
    fly[k] && now <= till[k] ->
    if
    :: now >= from[k] -> d_step { carry_out((k / ATT), k) }
    :: now < from[k] || HEARS(k) -> h = REFUSED /* for any reason: its timestamp is ahead, no funds, too many requests */
    fi;
    if
    :: HEARS(k) -> ans[k / ATT] = h; landed(k)
    :: h != REFUSED || !HEARS(k) -> landed(k)
    :: h != REFUSED && DOUBLES && !doubled && kind[k / ATT] != PART ->
      doubled = 1; cur[k / ATT] = (cur[k / ATT] == k % ATT -> DEAF : cur[k / ATT])
    fi;
    h = 0
  }
}


#define CANNOT_ACT(c) (seq[c] == 0 || now >= fence[c] && (ended[c] || !unk[c] && cur[c] == HEARD || !CAN_SEND(c)))

/* What a restart finds in the journal: open intents, and some that had ended but whose end was lost. */
inline find(c) {
  ans[c] = HEARD_NOTHING; bypass[c] = 0;
  if
  :: jr[c] == 1 -> ended[c] = 1; unk[c] = 1
  :: jr[c] >= 2
  :: jr[c] == 2 && !final[c] -> jr[c] = 1; unk[c] = 1
  :: jr[c] == 0 /* it has not begun, or nobody knows of it any more */
  fi
}

#define BEHIND(lag) (lag != NEVER && now >= lag + VIS)
#define HAND_MAY (hands < HANDS && now < MAXT)

proctype World() {
end:
  do
  /* Time passes only while no list is more than VIS behind. */
  :: d_step {
      now < MAXT && !BEHIND(lag_val) && !BEHIND(lag_open) && !BEHIND(lag_past) ->
      now++;
      h = 0; do :: h < 3 * ATT -> expire(h); h++ :: else -> break od;
      h = 0
    }
  :: d_step { lag_val != NEVER -> shown_val = val; shown_upd = upd; lag_val = NEVER }
  :: d_step { lag_open != NEVER -> listed[0] = st[0]; listed[1] = st[1]; listed[2] = st[2]; lag_open = NEVER }
  :: d_step { lag_past != NEVER -> past[0] = st[0]; past[1] = st[1]; past[2] = st[2]; lag_past = NEVER }
  :: arrive(0)
  :: arrive(1)
#if ATT > 2
  :: arrive(2)
#endif
#if K1 || ATT > 3
  :: arrive((ATT))
  :: arrive((ATT + 1))
#if ATT > 2
  :: arrive((ATT + 2))
#endif
#endif
#if K2
  :: arrive((2 * ATT))
  :: arrive((2 * ATT + 1))
#endif
  /* The other hand. */
#if K0 == AMEND || K0 == STOP || K1 == AMEND || K1 == STOP
  :: d_step { WIDE && HAND_MAY && val != GONE_VALUE -> hands++; write(HAND, 0) }
  :: d_step { HAND_MAY && val != GONE_VALUE -> hands++; write(HAND, 1) }
  :: d_step { WIDE && HAND_MAY && val != GONE_VALUE -> hands++; write(HAND, 2) }
  :: d_step { HAND_MAY && val != GONE_VALUE -> hands++; write(HAND, GONE_VALUE) }
#endif
#if K0 == PLACE || K0 == CANCEL || K0 == PART
  :: d_step { HAND_MAY && st[0] == OPEN -> hands++; st[0] = FILLED; orders_changed() }
  :: d_step { HAND_MAY && st[0] == OPEN -> hands++; st[0] = CANCELLED; orders_changed() }
#endif
#if K0 == PART
  :: d_step { HAND_MAY && st[1] == OPEN -> hands++; st[1] = FILLED; orders_changed() }
  :: d_step { HAND_MAY && st[0] == ABSENT -> hands++;
      st[0] = OPEN; owner[0] = HAND; made_at[0] = now; orders_changed() }
#endif
#if K0 == ALL
  :: d_step { HAND_MAY && st[2] == ABSENT -> hands++;
      st[2] = OPEN; owner[2] = HAND; made_at[2] = now; orders_changed() }
#endif
#ifdef CALLERS_ID
  :: d_step { HAND_MAY && st[0] == ABSENT && CANNOT_ACT(0) && CANNOT_ACT(1) -> hands++;
      st[0] = OPEN; owner[0] = HAND; made_at[0] = now; orders_changed() }
  :: d_step { HAND_MAY && st[0] == ABSENT -> hands++; odd_side = 1;
      st[0] = OPEN; owner[0] = HAND; made_at[0] = now; orders_changed() }
#endif
#if DEATHS
  /* The client dies. The journal is left, and the ends of some calls are not in it. */
  :: atomic {
      !died -> died = 1;
      find(0); find(1); find(2)
    }
#endif
  od
}
