/* The hand-over of a module between two hosts, as src/decisions/0019 decides it. README.md says what is left out, and lists the
 * mistakes (`#ifdef`) that the checker must find.
 *
 * Each host has a store, which a crash leaves, and a memory, which it does not. The giver is whichever host owns the module, the
 * taker is the other, so the way back is the same protocol with the parts exchanged. Each `::` of a process is one step: a crash
 * comes between any two.
 *
 * A message, once sent, stays on the wire. So it may arrive late, again, or behind one that was sent later; a lost one is one
 * that is never taken, and for liveness the weather takes some away. A receiver that would change nothing has no step. */

#ifndef CLIENTS
#define CLIENTS 2         /* at most 3; each makes one write, with a key of its own, from 1 on */
#endif
#ifndef EPOCHS
#define EPOCHS 3          /* at most 4; the module starts in epoch 1, so one less is the number of hand-overs that begin */
#endif
#ifndef CRASHES
#define CRASHES 2         /* of both hosts together */
#endif
#ifndef LOSSES
#define LOSSES 0          /* messages that the weather takes away */
#endif

/* What a module holds (tables, log and remembered answers in one): the keys of its writes in the order of their commits, two bits
 * each, the oldest lowest. Its length is the position, its value the digest. */
#define length(history)       ((history != 0) + (history > 3) + (history > 15) + (history > 63))
#define append(history, key)  (history | (key << (2 * length(history))))
#define entry(history, index) (((history) >> (2 * (index))) & 3)
#define count(history, key)   ((entry(history, 0) == key) + (entry(history, 1) == key) + (entry(history, 2) == key) + \
                               (entry(history, 3) == key))
#define bit(number)           (1 << (number))

typedef Store {           /* durable; each step that changes it is one transaction */
  byte history;
  byte owner;             /* the record: the host that the module belongs to, */
  byte epoch;             /* and in which epoch, as far as this store knows; 0: it has never heard */
  byte highest;           /* the highest epoch that this store has offered or prepared: none is offered twice */
  byte standby;           /* the epoch that this store is a standby for; 0: none */
  bool promised;          /* the copy is kept until the giver has spoken */
#ifdef FORGET_KEYS
  byte remembered;        /* the idempotency records, bits by key */
#endif
};
mtype = { closed, open, fenced };
typedef Memory {          /* gone with a crash */
  bool up;
  mtype gate;
  byte moving;            /* the epoch that it is giving the module away for; 0: none */
  bool confirmed;         /* the taker holds all that there is, and the gate is fenced */
  bool telling;           /* decided just now, and the taker not told yet */
  byte inside;            /* writes in the batch that runs, bits by key */
  byte committed;         /* writes that were committed and are not answered yet, bits by key */
};
typedef Wire {            /* what was sent to one host; each message names its epoch */
  byte prepare[5];        /* be a standby; by epoch; the content is the giver's own epoch */
  byte report[5];         /* by epoch, the digest that the taker holds durably, plus one */
  byte ask;               /* is it mine? These three are bits by epoch */
  byte told;              /* it is yours */
  byte dead;              /* that hand-over was given up, for good */
  byte requests;          /* of clients, bits by key: a copy is taken once, and a client that waits in vain sends more */
};
Store store[2];
Memory memory[2];
Wire to[2];

/* The wire to the clients, bits by key. */
byte answered;            /* it was done */
byte refused;             /* this copy was not run: `fenced` or `moved` */

/* What no part of the system sees: bits by key, but for the last. */
byte acknowledged;        /* a host has said that it was done */
byte given_up;            /* its client has learnt that it was not run */
byte finished;            /* its client has an outcome */
byte newest_epoch = 1;    /* the highest epoch that a host was given the module in */
#ifdef FORCE_OWNER
bool disk_lost;
byte lost_host;
bool was_decided;         /* the disk that was lost said that the module belongs to the other host */
#endif

#define other         (1 - me)
#define record        store[me]
#define own           memory[me]
#define mine(host)    (store[host].owner == host)
#define serves(host)  (memory[host].gate == open)
#define rightful      (mine(0) -> 0 : (mine(1) -> 1 : (store[0].epoch > store[1].epoch -> store[0].owner : store[1].owner)))
#define kept(key)     (count(store[rightful].history, key) == ((acknowledged >> key) & 1) || \
                       count(store[rightful].history, key) == 1)
#define not_run(key)  (!(given_up & bit(key)) || count(store[0].history, key) + count(store[1].history, key) == 0)
#define all_finished  (finished == bit(CLIENTS + 1) - 2)
#define follows       (own.up && !mine(me) && mine(other) && record.epoch == store[other].epoch)

inline set(bits, number) { bits = bits | bit(number) }
inline clear(bits, number) { bits = bits & ~bit(number) }

/* Safety, looked at behind each step that could break it. */
inline keep_promises() {
  assert(!(mine(0) && mine(1)));          /* two records never both say `mine` */
  assert(!(serves(0) && serves(1)));      /* two gates are never both open */
  assert(kept(1) && kept(2) && kept(3));  /* what was acknowledged is in the owner's store, and nothing is there twice */
  assert(not_run(1) && not_run(2) && not_run(3))
}

/* Chooses a key of `bits`; blocks where there is none. */
inline pick_key(condition, bits) {
  if
  :: (condition) && ((bits) & bit(1)) -> chosen = 1
#if CLIENTS > 1
  :: (condition) && ((bits) & bit(2)) -> chosen = 2
#endif
#if CLIENTS > 2
  :: (condition) && ((bits) & bit(3)) -> chosen = 3
#endif
  fi
}
/* Chooses an epoch of `bits` that is not the first; blocks where there is none. */
inline pick_epoch(condition, bits) {
  if
  :: (condition) && ((bits) & bit(2)) -> chosen = 2
#if EPOCHS > 2
  :: (condition) && ((bits) & bit(3)) -> chosen = 3
#endif
#if EPOCHS > 3
  :: (condition) && ((bits) & bit(4)) -> chosen = 4
#endif
  fi
}

/* The writer's transaction for the write `chosen`. */
inline commit_write() {
  if
#ifndef NO_WRITE_CHECK
  :: !mine(me) -> set(refused, chosen)                       /* each transaction checks the record */
  :: mine(me) ->
#else
  :: true ->
#endif
     if
#ifdef FORGET_KEYS
     :: record.remembered & bit(chosen)
     :: !(record.remembered & bit(chosen)) -> set(record.remembered, chosen);
#else
     :: count(record.history, chosen) > 0                    /* a repeat: its answer is remembered */
     :: count(record.history, chosen) == 0 ->
#endif
        assert(mine(me) && record.epoch == newest_epoch);    /* only the owner writes, and no epoch but the newest */
        record.history = append(record.history, chosen)
     fi;
     set(own.committed, chosen)
  fi
}

/* The door into the module on one host, and its writer. A write that waits at a fenced gate is one that has not arrived yet. */
proctype Gate(byte me) {
  byte chosen;
end:
  do
  :: atomic { pick_key(serves(me), to[me].requests);         /* a write enters the batch that runs */
       d_step {
         clear(to[me].requests, chosen);
         set(own.inside, chosen);
#ifdef ACKNOWLEDGE_BEFORE_COMMIT
         set(answered, chosen);
         set(acknowledged, chosen);
         keep_promises();
#endif
         chosen = 0
       } }
  :: atomic { pick_key(true, own.inside);                    /* it commits */
       d_step {
         clear(own.inside, chosen);
         commit_write();
         chosen = 0;
         keep_promises()
       } }
  :: atomic { pick_key(true, own.committed);                 /* it is answered */
       d_step {
         clear(own.committed, chosen);
         set(answered, chosen);
         set(acknowledged, chosen);
         chosen = 0;
         keep_promises()
       } }
  :: atomic { pick_key(own.gate == fenced || (own.up && !serves(me) && !mine(me)), to[me].requests);
       d_step {                                              /* `fenced`, for its deadline has come, or `moved` */
         clear(to[me].requests, chosen);
         set(refused, chosen);
         chosen = 0
       } }
  :: atomic { pick_key(own.up && !mine(me) && record.standby == 0, to[me].requests);
       d_step {                                              /* one that has waited goes on to the new owner */
         clear(to[me].requests, chosen);
         set(to[other].requests, chosen);
#ifdef REFUSE_AFTER_FORWARD
         set(refused, chosen);
#endif
         chosen = 0
       } }
  od
}

#ifdef NO_FENCE
#define is_still (serves(me) && own.inside == 0)
#else
#ifdef NO_DRAIN
#define is_still (own.gate == fenced)
#else
#define is_still (own.gate == fenced && own.inside == 0)
#endif
#endif

#ifdef SKIP_FINAL_TAIL
#define is_all(report) (report != 0)
#else
#ifdef NO_DIGEST
#define is_all(report) (report != 0 && length((report - 1)) == length(record.history))
#else
#define is_all(report) (report == record.history + 1)
#endif
#endif

inline stop_giving() {
  own.moving = 0;
  own.confirmed = false
}

/* The giver's part. */
proctype Giver(byte me) {
  byte chosen;
end:
  do
#ifdef SERVE_BY_CONFIG
  :: d_step { own.up && own.gate == closed && (mine(me) || me == 0) ->
#else
#ifdef WAIT_AT_RESTART
  :: d_step { own.up && own.gate == closed && mine(me) && record.highest == record.epoch ->
#else
  :: d_step { own.up && own.gate == closed && mine(me) ->    /* whom the record names serves, also behind a crash */
#endif
#endif
       own.gate = open;
       keep_promises()
     }
#ifdef REUSE_EPOCH
  :: d_step { serves(me) && own.moving == 0 && record.epoch < EPOCHS ->
       own.moving = record.epoch + 1;
       record.highest = record.epoch + 1
     }
#else
  :: d_step { serves(me) && own.moving == 0 && record.highest < EPOCHS ->  /* an epoch is used up before anybody hears of it */
       record.highest++;
       own.moving = record.highest
     }
#endif
  :: d_step { own.moving != 0 && to[other].prepare[own.moving] == 0 ->
       to[other].prepare[own.moving] = record.epoch
     }
#ifndef NO_FENCE
  :: d_step { serves(me) && own.moving != 0 && to[me].report[own.moving] != 0 ->  /* the copy is complete: the switch begins */
       own.gate = fenced
     }
#endif
  :: d_step { own.moving != 0 && !own.confirmed && is_still && is_all(to[me].report[own.moving]) ->
       own.confirmed = true
     }
#ifdef TELL_BEFORE_RECORD
  :: d_step { own.confirmed && !(to[other].told & bit(own.moving)) ->
       set(to[other].told, own.moving)
     }
#endif
  :: d_step { own.confirmed ->                               /* the decision: the last write as the owner */
       record.owner = other;
       record.epoch = own.moving;
       newest_epoch = own.moving;
       stop_giving();
       own.gate = closed;
       own.telling = true;
       keep_promises()
     }
  :: d_step { own.telling ->
       own.telling = false;
       set(to[other].told, record.epoch)
     }
  :: d_step { own.moving != 0 ->                             /* given up, at any step before the decision */
       stop_giving();
#ifndef STAY_FENCED
       own.gate = open;
#endif
       keep_promises()
     }
#ifdef ABORT_AFTER_DECISION
  :: d_step { own.telling ->
       own.telling = false;
       record.owner = me;
       keep_promises()
     }
#endif
  :: atomic { pick_epoch(own.up, (to[me].ask & ~to[other].told & ~to[other].dead));
       d_step {                                              /* the answer is what the record says; none while undecided */
         if
         :: record.owner == other && record.epoch == chosen -> set(to[other].told, chosen)
#ifndef DEAD_WHILE_UNDECIDED
         :: own.moving == chosen
#endif
         :: else -> set(to[other].dead, chosen)
         fi;
         chosen = 0
       } }
  od
}

inline drop_copy() {
  record.standby = 0;
  record.promised = false;
  record.history = 0;
#ifdef FORGET_KEYS
  record.remembered = 0;
#endif
  keep_promises()
}

#ifdef OLD_PREPARE
#define is_news(number) (number != record.standby)
#else
#ifdef REUSE_EPOCH
#define is_news(number) (number != record.standby && number > record.epoch)
#else
#define is_news(number) (number > record.highest)
#endif
#endif
#define offer(number) ((to[me].prepare[number] != 0 && is_news(number)) << number)

#ifdef NO_POSITION_CHECK
#define next_batch (length(record.history) - 1)
#else
#define next_batch length(record.history)
#endif

#ifdef REPORT_BEFORE_SYNC
#define said store[other].history + 1
#else
#define said record.history + 1
#endif

/* The taker's part. */
proctype Taker(byte me) {
  byte chosen;
end:
  do
  :: atomic { pick_epoch(own.up && !mine(me), (offer(2) | offer(3) | offer(4)));
       d_step {                                              /* a standby, for an epoch that this store had not heard of */
         record.owner = other;
         record.epoch = to[me].prepare[chosen];
         record.highest = chosen;
         record.standby = chosen;
         record.promised = false;
         chosen = 0
       } }
  :: d_step { follows && record.standby != 0 && record.history == 0 && store[other].history != 0 ->  /* the copy */
       record.history = store[other].history;
#ifdef SHIP_RECORD
       record.owner = me;
       keep_promises()
#endif
     }
  :: d_step { follows && record.history != 0 && length(record.history) < length(store[other].history) ->
       record.history = append(record.history, entry(store[other].history, next_batch))  /* the tail, and what is shipped back */
     }
  :: d_step { own.up && record.standby != 0 && !record.promised ->  /* from here on the copy is not the taker's to drop */
       record.promised = true
     }
  :: d_step { own.up && record.promised && to[other].report[record.standby] != said ->
       to[other].report[record.standby] = said
     }
#ifdef ABANDON_PROMISE
  :: d_step { own.up && record.standby != 0 ->
#else
  :: d_step { own.up && record.standby != 0 && !record.promised ->  /* given up by the taker */
#endif
       drop_copy()
     }
#ifndef NEVER_ASK
  :: d_step { own.up && record.promised && !((to[me].told | to[me].dead | to[other].ask) & bit(record.standby)) ->
       set(to[other].ask, record.standby)
     }
#endif
  :: d_step { own.up && record.standby != 0 && (to[me].dead & bit(record.standby)) ->
       drop_copy()
     }
#ifdef NO_EPOCH_CHECK
  :: atomic { pick_epoch(own.up && !mine(me), to[me].told);
       d_step {
         record.epoch = chosen;
         chosen = 0;
#else
#ifdef SERVE_WITHOUT_WORD
  :: d_step { own.up && record.promised && to[other].report[record.standby] == said ->
#else
  :: d_step { own.up && record.standby != 0 && (to[me].told & bit(record.standby)) ->  /* the word: it is the owner */
#endif
         record.epoch = record.standby;
#endif
         record.owner = me;
         record.standby = 0;
         record.promised = false;
         keep_promises()
#ifdef NO_EPOCH_CHECK
       }
#endif
     }
  od
}

/* One who makes one write through a router that may be wrong about the owner. A refusal means `not run` only where no other copy
 * of the request is unanswered: the client then may give up; else it goes on until it knows. */
proctype Client(byte key) {
  byte router;
  bool unanswered_copy;

  atomic { if :: router = 0 :: router = 1 fi; set(to[router].requests, key) }
  do
  :: d_step { answered & bit(key) -> set(finished, key) }
     break
  :: atomic { !(answered & bit(key)) && (refused & bit(key)) -> clear(refused, key);
       if
#ifndef HASTY_CLIENT
       :: !unanswered_copy ->
#else
       :: true ->
#endif
            d_step { set(given_up, key); set(finished, key); keep_promises() }
            break
       :: true -> router = 1 - router; set(to[router].requests, key)
       fi }
  :: atomic { !((answered | refused) & bit(key)) && !(to[0].requests & to[1].requests & bit(key)) ->  /* it has waited in vain */
       unanswered_copy = true;
       if
       :: !(to[0].requests & bit(key)) -> router = 0
       :: !(to[1].requests & bit(key)) -> router = 1
       fi;
       set(to[router].requests, key) }
  od
}

inline forget(host) {
  memory[host].up = false;
  memory[host].gate = closed;
  memory[host].moving = 0;
  memory[host].confirmed = false;
  memory[host].telling = false;
  memory[host].inside = 0;
  memory[host].committed = 0;
#ifdef FORGET_DECISION
  if
  :: store[host].owner != host && store[host].standby == 0 && store[host].epoch == store[host].highest -> store[host].owner = host
  :: else
  fi;
#endif
  keep_promises()
}

/* What nobody decides. */
proctype Weather() {
  byte crashes, host;
#if LOSSES > 0
  byte losses;
#endif
end:
  do
  :: atomic { crashes < CRASHES -> if :: memory[0].up -> host = 0 :: memory[1].up -> host = 1 fi;
       d_step { crashes++; forget(host); host = 0 } }
  :: d_step { !memory[0].up -> memory[0].up = true }
  :: d_step { !memory[1].up -> memory[1].up = true }
#if LOSSES > 0
  :: atomic { losses < LOSSES -> if :: host = 0 :: host = 1 fi;
       if
       :: to[host].told != 0 -> to[host].told = 0
       :: to[host].dead != 0 -> to[host].dead = 0
       :: to[host].ask != 0 -> to[host].ask = 0
       fi;
       losses++;
       host = 0 }
#endif
  :: timeout -> assert(all_finished && (serves(0) || serves(1))); break   /* all is still: somebody serves, nobody waits */
  od
}

init {
  d_step {
    store[0].epoch = 1;
    store[0].highest = 1;
    memory[0].up = true;
    memory[0].gate = closed;
    memory[1].up = true;
    memory[1].gate = closed
  }
  atomic {
    run Gate(0); run Gate(1);
    run Giver(0); run Giver(1);
    run Taker(0); run Taker(1);
    run Weather();
    run Client(1);
#if CLIENTS > 1
    run Client(2);
#endif
#if CLIENTS > 2
    run Client(3)
#endif
  }
}

ltl somebody_serves { <>[] (serves(0) || serves(1)) }
ltl everybody_knows { <>[] all_finished }
