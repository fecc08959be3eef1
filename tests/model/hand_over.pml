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
};
typedef Wire {            /* what was sent to one host; each message names its epoch */
  byte prepare[5];        /* be a standby; by epoch; the content is the giver's own epoch */
  byte report[5];         /* by epoch, the digest that the taker holds durably, plus one */
  byte ask;               /* is it mine? These three are bits by epoch */
  byte told;              /* it is yours */
  byte dead;              /* that hand-over was given up, for good */
  byte requests;          /* of clients, bits by key: a copy is taken once, and a client that waits in vain sends another */
};
Store store[2];
Memory memory[2];
Wire to[2];

/* Bits by key. A client has its outcome when its write is acknowledged, or when it has given up; then it sends no more. */
byte acknowledged;        /* a host has said that it was done */
byte given_up;            /* it was refused: the client knows that it was not run, and that it never will be */
byte uncertain;           /* its client has waited in vain: a copy may be under way still, or have been run */

byte newest_epoch = 1;    /* the highest epoch that a host was given the module in */
#ifdef FORCE_OWNER
bool disk_lost;           /* that of one host, once */
byte lost_host;
byte old_epochs;          /* hand-overs up to this one name the id of the store that was lost */
byte lost;                /* acknowledged writes that were on it alone */
#else
#define lost 0
#endif

#define other         (1 - me)
#define record        store[me]
#define own           memory[me]
#define mine(host)    (store[host].owner == host)
#define serves(host)  (memory[host].gate == open)
#define turns_away(host) (memory[host].up && (memory[host].gate == fenced || !mine(host)))
#define by_record     (store[0].epoch > store[1].epoch -> store[0].owner : store[1].owner)
#ifdef FORCE_OWNER
#define heir          (disk_lost -> 1 - lost_host : by_record)
#else
#define heir          by_record
#endif
#define rightful      (mine(0) -> 0 : (mine(1) -> 1 : heir))  /* between the decision and the word: whom the giver's record names */
#define kept_one(key) (count(store[rightful].history, key) <= 1 && \
                       (count(store[rightful].history, key) == 1 || !(acknowledged & ~lost & bit(key))))
#define not_run_one(key) (!(given_up & bit(key)) || count(store[0].history, key) + count(store[1].history, key) == 0)
#if CLIENTS == 1
#define kept          kept_one(1)
#define not_run       not_run_one(1)
#elif CLIENTS == 2
#define kept          (kept_one(1) && kept_one(2))
#define not_run       (not_run_one(1) && not_run_one(2))
#else
#define kept          (kept_one(1) && kept_one(2) && kept_one(3))
#define not_run       (not_run_one(1) && not_run_one(2) && not_run_one(3))
#endif
#define everybody     (bit(CLIENTS + 1) - 2)
#define waiting       (everybody & ~acknowledged & ~given_up)
#define follows       (own.up && !mine(me) && mine(other) && record.epoch == store[other].epoch)

#ifdef NO_WRITE_CHECK
#define writes_are_checked false
#else
#define writes_are_checked true
#endif
#ifdef FORGET_KEYS
#define remembers(host, key) ((store[host].remembered & bit(key)) != 0)
#else
#define remembers(host, key) (count(store[host].history, key) > 0)
#endif
#ifdef HASTY_CLIENT
#define may_give_up true
#else
#define may_give_up (!(uncertain & bit(key)))
#endif

inline set(bits, number) { bits = bits | bit(number) }
inline clear(bits, number) { bits = bits & ~bit(number) }

/* Safety, looked at behind each step that could break it. What `check` prints of a broken promise is the comment of its line. */
inline keep_promises() {
  assert(!(mine(0) && mine(1)));      /* one owner: two records never both say `mine` */
  assert(!(serves(0) && serves(1)));  /* one door: two gates are never both open */
  assert(kept);                       /* nothing lost or doubled: the owner's store has what was acknowledged, once */
  assert(not_run)                     /* a refusal is true: what was refused is in no store, and never will be */
}

/* The writer's transaction. */
inline commit_write() {
  clear(own.inside, key);
  if
  :: writes_are_checked && !mine(me)                         /* each transaction checks the record */
  :: else ->
     if
     :: remembers(me, key)                                   /* a repeat has the same answer */
     :: else ->
        assert(mine(me) && record.epoch == newest_epoch);    /* lower epochs are refused: no write but by the owner of the newest */
        record.history = append(record.history, key);
#ifdef FORGET_KEYS
        set(record.remembered, key)
#endif
     fi
  fi
}

/* The door into the module on one host, and its writer, for the write with one key. A write that waits at a fenced gate is one
 * that has not arrived yet. */
proctype Gate(byte me, key) {
end:
  do
  :: d_step { serves(me) && (to[me].requests & ~own.inside & bit(key)) ->  /* it enters the batch that runs, once at a time */
       clear(to[me].requests, key);
       set(own.inside, key);
#ifdef ACKNOWLEDGE_BEFORE_COMMIT
       set(acknowledged, key);
       keep_promises()
#endif
     }
  :: d_step { (own.inside & bit(key)) ->                     /* it commits and is answered */
       commit_write();
       if
       :: remembers(me, key) && mine(me) -> set(acknowledged, key)
       :: else
       fi;
       keep_promises()
     }
  :: d_step { (own.inside & bit(key)) && !(uncertain & bit(key)) ->  /* the answer is lost, to one who will ask again */
       commit_write();
       keep_promises()
     }
  :: d_step { turns_away(me) && (to[me].requests & bit(key)) ->      /* `fenced` or `moved`: the gate sends it on, or its router */
       clear(to[me].requests, key);
       set(to[other].requests, key);
#ifdef REFUSE_AFTER_FORWARD
       set(given_up, key);
       keep_promises()
#endif
     }
  :: d_step { turns_away(me) && (to[me].requests & bit(key)) && may_give_up ->  /* or its client is content with the refusal */
       clear(to[me].requests, key);
       set(given_up, key);
       keep_promises()
     }
  od
}

/* Makes one write, through a router that may be wrong about the owner, and again where it waits in vain. A refusal means `not
 * run` only to one who has no other copy under way. */
proctype Client(byte key) {
end:
  do
  :: d_step { (waiting & bit(key)) && !(to[0].requests & bit(key)) -> set(uncertain, key); set(to[0].requests, key) }
  :: d_step { (waiting & bit(key)) && !(to[1].requests & bit(key)) -> set(uncertain, key); set(to[1].requests, key) }
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

#ifdef DEAD_WHILE_UNDECIDED
#define is_undecided(number) false
#else
#define is_undecided(number) (own.moving == number)
#endif
#ifdef ANSWER_BLINDLY
#define knows(number) true
#else
#define knows(number) (record.highest >= number)
#endif
#define is_asked(number) (own.up && knows(number) && !is_undecided(number) && \
                          (to[me].ask & ~to[other].told & ~to[other].dead & bit(number)))

/* What a taker who asks is told: what the record says. */
inline answer(number) {
  if
  :: record.owner == other && record.epoch == number -> set(to[other].told, number)
  :: else -> set(to[other].dead, number)
  fi
}

inline stop_giving() {
  own.moving = 0;
  own.confirmed = false
}

/* The giver's part. */
proctype Giver(byte me) {
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
#ifdef FOUND_ANEW
  :: d_step { own.up && own.gate == closed && record.epoch == 0 && disk_lost ->
       own.gate = open;
       record.owner = me;
       record.epoch = 1;
       keep_promises()
     }
#endif
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
  :: d_step { is_asked(2) -> answer(2) }
#if EPOCHS > 2
  :: d_step { is_asked(3) -> answer(3) }
#endif
#if EPOCHS > 3
  :: d_step { is_asked(4) -> answer(4) }
#endif
  od
}

inline leave_standby() {
  record.standby = 0;
  record.promised = false
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
#ifdef FORCE_OWNER
#ifdef STORE_WITHOUT_ID
#define is_for_this_store(number) true
#else
#define is_for_this_store(number) (me != lost_host || number > old_epochs)
#endif
#else
#define is_for_this_store(number) true
#endif
#define is_prepared(number) (own.up && !mine(me) && to[me].prepare[number] != 0 && is_news(number) && is_for_this_store(number))

/* A standby, for an epoch that this store had not heard of. */
inline become_standby(number) {
  record.owner = other;
  record.epoch = to[me].prepare[number];
  record.highest = number;
  record.standby = number;
  record.promised = false
}

#ifdef FORCE_UNSURE
#define may_force (own.up && record.promised)
#else
#define may_force (own.up && !mine(me) && disk_lost && lost_host == other && store[other].epoch == 0)
#endif

inline become_owner(number) {
  record.epoch = number;
  record.owner = me;
  leave_standby();
  keep_promises()
}

#ifdef NO_POSITION_CHECK
#define next_batch (length(record.history) - 1)
#else
#define next_batch length(record.history)
#endif

#ifdef SERVE_WITHOUT_WORD
#define is_told (own.up && record.promised && to[other].report[record.standby] == said)
#else
#define is_told (own.up && record.standby != 0 && (to[me].told & bit(record.standby)))
#endif

#ifdef ABANDON_PROMISE
#define may_abandon (record.standby != 0)
#else
#ifdef FORCE_OWNER
#define may_abandon (record.standby != 0 && !record.promised && !disk_lost)
#else
#define may_abandon (record.standby != 0 && !record.promised)
#endif
#endif

#ifdef REPORT_BEFORE_SYNC
#define said store[other].history + 1
#else
#define said record.history + 1
#endif

/* The taker's part. */
proctype Taker(byte me) {
end:
  do
  :: d_step { is_prepared(2) -> become_standby(2) }
#if EPOCHS > 2
  :: d_step { is_prepared(3) -> become_standby(3) }
#endif
#if EPOCHS > 3
  :: d_step { is_prepared(4) -> become_standby(4) }
#endif
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
  :: d_step { own.up && may_abandon ->                       /* given up by the taker, who clears up */
       leave_standby();
       record.history = 0;
#ifdef FORGET_KEYS
       record.remembered = 0;
#endif
       keep_promises()
     }
#ifndef NEVER_ASK
  :: d_step { own.up && record.promised && !((to[me].told | to[me].dead | to[other].ask) & bit(record.standby)) ->
       set(to[other].ask, record.standby)
     }
#endif
  :: d_step { own.up && record.standby != 0 && (to[me].dead & bit(record.standby)) ->
       leave_standby()                                       /* what was copied stays: for the next time, or for a repair */
     }
  :: d_step { is_told -> become_owner(record.standby) }      /* the word: this store is the owner's */
#ifdef NO_EPOCH_CHECK
  :: d_step { own.up && !mine(me) && (to[me].told & bit(2)) -> become_owner(2) }
#endif
#ifdef FORCE_OWNER
  :: d_step { may_force ->                                   /* repair --force-owner, by somebody who knows that the disk is lost */
       record.highest++;
       newest_epoch = record.highest;
       become_owner(record.highest)
     }
#endif
  od
}

inline forget(host) {
  memory[host].up = false;
  memory[host].gate = closed;
  memory[host].moving = 0;
  memory[host].confirmed = false;
  memory[host].telling = false;
  memory[host].inside = 0;
#ifdef FORGET_DECISION
  if
  :: store[host].owner != host && store[host].epoch == store[host].highest && store[host].epoch > 1 -> store[host].owner = host
  :: else
  fi;
#endif
  keep_promises()
}

#ifdef FORCE_OWNER
#define has_copy(host) (store[host].promised || \
                        (store[host].standby == 0 && store[host].history != 0 && store[host].epoch == store[1 - host].epoch))

inline note_lost(host, key) {
  if
  :: count(store[host].history, key) == 0 && (acknowledged & bit(key)) -> set(lost, key)
  :: else
  fi
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
#if CLIENTS > 1
     note_lost((1 - host), 2);
#endif
     assert(mine(host) || lost == 0)  /* behind the decision a lost disk loses nothing */
#ifdef CLAIM_NOTHING_LOST
     assert(lost == 0)                /* force-owner would give nothing up */
#endif
  fi;
  store[host].history = 0;
  store[host].owner = 1 - host;
  store[host].epoch = 0;
  store[host].highest = 0;
  store[host].standby = 0;
  store[host].promised = false
}
#endif

/* What nobody decides. */
proctype Weather() {
  byte crashes;
#if LOSSES > 0
  byte losses;
#endif
end:
  do
  :: d_step { crashes < CRASHES && memory[0].up -> crashes++; forget(0) }
  :: d_step { crashes < CRASHES && memory[1].up -> crashes++; forget(1) }
  :: d_step { !memory[0].up -> memory[0].up = true }
  :: d_step { !memory[1].up -> memory[1].up = true }
#ifdef FORCE_OWNER
  :: d_step { !memory[0].up && !disk_lost && (mine(1) || has_copy(1)) -> lose_disk(0) }
  :: d_step { !memory[1].up && !disk_lost && (mine(0) || has_copy(0)) -> lose_disk(1) }
#endif
#if LOSSES > 0
  :: d_step { losses < LOSSES && to[0].told != 0 -> losses++; to[0].told = 0 }
  :: d_step { losses < LOSSES && to[1].told != 0 -> losses++; to[1].told = 0 }
  :: d_step { losses < LOSSES && to[0].dead != 0 -> losses++; to[0].dead = 0 }
  :: d_step { losses < LOSSES && to[1].dead != 0 -> losses++; to[1].dead = 0 }
  :: d_step { losses < LOSSES && to[0].ask != 0 -> losses++; to[0].ask = 0 }
  :: d_step { losses < LOSSES && to[1].ask != 0 -> losses++; to[1].ask = 0 }
#endif
  :: timeout -> assert((waiting == 0) && (serves(0) || serves(1))); break   /* when all is still, somebody serves and nobody waits */
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
    if :: to[0].requests = everybody :: to[1].requests = everybody
#if CLIENTS > 1
       :: to[0].requests = bit(1); to[1].requests = everybody - bit(1)
#endif
    fi;
    run Gate(0, 1); run Gate(1, 1); run Client(1);
#if CLIENTS > 1
    run Gate(0, 2); run Gate(1, 2); run Client(2);
#endif
#if CLIENTS > 2
    run Gate(0, 3); run Gate(1, 3); run Client(3);
#endif
    run Giver(0); run Giver(1); run Taker(0); run Taker(1); run Weather()
  }
}

ltl in_the_end { <>[] ((serves(0) || serves(1)) && waiting == 0) }  /* somebody serves, and every client has its outcome */
