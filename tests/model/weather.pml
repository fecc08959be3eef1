/* What no protocol decides: crashes, lost messages, a lost disk, and what an operator then does. Included by hand_over.pml. */

inline crash(host) {
  crashes++;
  memory[host].up = false;
  memory[host].gate = closed;
  memory[host].moving = 0;
  memory[host].confirmed = false;
  memory[host].telling = false;
  memory[host].inside = 0
}

proctype Weather() {
  byte crashes;
#if LOSSES > 0
  byte losses;
#endif
end:
  do
  :: d_step { crashes < CRASHES && memory[0].up -> crash(0) }
  :: d_step { crashes < CRASHES && memory[1].up -> crash(1) }
  :: d_step { !memory[0].up -> memory[0].up = true }
  :: d_step { !memory[1].up -> memory[1].up = true }
#if LOSSES > 0
  :: d_step { losses < LOSSES && to[0].told != 0 -> losses++; to[0].told = 0 }
  :: d_step { losses < LOSSES && to[1].told != 0 -> losses++; to[1].told = 0 }
  :: d_step { losses < LOSSES && to[0].dead != 0 -> losses++; to[0].dead = 0 }
  :: d_step { losses < LOSSES && to[1].dead != 0 -> losses++; to[1].dead = 0 }
  :: d_step { losses < LOSSES && to[0].ask != 0 -> losses++; to[0].ask = 0 }
  :: d_step { losses < LOSSES && to[1].ask != 0 -> losses++; to[1].ask = 0 }
#endif
  :: timeout -> assert(all_is_well); break  /* in the end: when all is still, somebody serves, nobody waits */
  od
}

#ifdef FORCE_OWNER
inline note_lost(host, key) {
  lost = lost | (count(store[host].history, key) == 0 -> acknowledged & bit(key) : 0)
}

/* The host comes back with an empty store, which has another id. */
inline lose_disk(host) {
  disk_lost = true;
  lost_host = host;
  old_epochs = (store[0].highest > store[1].highest -> store[0].highest : store[1].highest);
  if
  :: mine(1 - host)
  :: else ->
     note_lost((1 - host), 1);
     note_lost((1 - host), 2);
     assert(mine(host) || lost == 0);  /* nothing decided is lost: behind the decision the taker has it all */
#ifdef CLAIM_NOTHING_LOST
     assert(lost == 0)                 /* nothing given up: but what was not shipped yet is */
#endif
  fi;
  store[host].history = 0;
  store[host].owner = 1 - host;
  store[host].epoch = 0;
  store[host].highest = 0;
  store[host].standby = 0;
  store[host].promised = false
}

/* A repair: the epoch is above every one that this store has heard of. */
inline force_owner(host) {
  store[host].highest++;
  newest_epoch = store[host].highest;
  store[host].epoch = newest_epoch;
  store[host].owner = host;
  store[host].standby = 0;
  store[host].promised = false;
  keep_promises()
}

proctype Operator() {
end:
  do
  :: d_step { !memory[0].up && !disk_lost && (mine(1) || has_copy(1)) -> lose_disk(0) }
  :: d_step { !memory[1].up && !disk_lost && (mine(0) || has_copy(0)) -> lose_disk(1) }
  :: d_step { may_force(0) -> force_owner(0) }
  :: d_step { may_force(1) -> force_owner(1) }
  od
}
#endif
