/* The hand-over of a module between two hosts, as src/decisions/0019 decides it. README.md says what is promised and what is left
 * out. weather.pml has crashes, losses and the end; force_owner.pml the lost disk; mistakes.pml the guards that must be missed.
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

typedef Store {           /* durable; each step that changes it is one transaction */
  byte history;           /* what the module holds, see below */
  byte owner;             /* the record: the host that the module belongs to, */
  byte epoch;             /* and in which epoch, as far as this store knows; 0: it has never heard */
  byte highest;           /* the highest epoch that this store has offered or prepared: none is offered twice */
  byte standby;           /* the epoch that this store is a standby for; 0: none */
  bool promised           /* the copy is kept until the giver has spoken */
};
mtype = { closed, open, fenced };
typedef Memory {          /* gone with a crash */
  bool up;
  mtype gate;
  byte moving;            /* the epoch that it is giving the module away for; 0: none */
  bool confirmed;         /* the taker holds all that there is, and the gate is fenced */
  bool telling;           /* decided just now, and the taker not told yet */
  byte inside             /* writes in the batch that runs, bits by key */
};
typedef Wire {            /* what was sent to one host; each message names its epoch */
  byte prepare[5];        /* be a standby; by epoch; the content is the giver's own epoch */
  byte report[5];         /* by epoch, the position and digest that the taker holds durably, plus one */
  byte ask;               /* is it mine? These three are bits by epoch */
  byte told;              /* it is yours */
  byte dead;              /* that hand-over was given up, for good */
  byte requests           /* of clients, bits by key: a copy is taken once, and a client that waits in vain sends another */
};
Store store[2];
Memory memory[2];
Wire to[2];

/* Bits by key. A client has its outcome when its write is acknowledged, or when it has given up; then it sends no more. */
byte acknowledged;        /* a host has said that it was done */
byte given_up;            /* it was refused: the client knows that it was not run, and that it never will be */
byte uncertain;           /* its client has waited in vain: a copy may be under way still, or have been run */

byte newest_epoch = 1;    /* the highest epoch that a host was given the module in; nobody in the model looks at it */

/* A history stands for tables, log and remembered answers at once: the keys of the writes in the order of their commits, two bits
 * each, the oldest lowest. Its length is the position, its value the digest. */
#define length(history)       ((history != 0) + (history > 3) + (history > 15) + (history > 63))
#define append(history, key)  (history | (key << (2 * length(history))))
#define entry(history, index) (((history) >> (2 * (index))) & 3)
#define count(history, key)   ((entry(history, 0) == key) + (entry(history, 1) == key) + (entry(history, 2) == key) + \
                               (entry(history, 3) == key))
#define bit(number)           (1 << (number))
inline set(bits, number) { bits = bits | bit(number) }
inline clear(bits, number) { bits = bits & ~bit(number) }

#define other         (1 - me)
#define record        store[me]
#define own           memory[me]
#define mine(host)    (store[host].owner == host)
#define serves(host)  (memory[host].gate == open)
#define waiting       ((bit(CLIENTS + 1) - 2) & ~acknowledged & ~given_up)
#define all_is_well   ((serves(0) || serves(1)) && waiting == 0)

#include "force_owner.pml"
#include "mistakes.pml"

/* Whose the module is. Between the decision and the word no record says `mine`: it is whom the giver's names. */
#ifndef heir
#define heir          (store[0].epoch > store[1].epoch -> store[0].owner : store[1].owner)
#endif
#define rightful      (mine(0) -> 0 : (mine(1) -> 1 : heir))
#define kept(key)     (count(store[rightful].history, key) <= 1 && \
                       (count(store[rightful].history, key) == 1 || !(acknowledged & ~lost & bit(key))))
#define not_run(key)  (!(given_up & bit(key)) || count(store[0].history, key) + count(store[1].history, key) == 0)

/* Safety, looked at behind each step that could break it. What `check` prints of a broken promise is its line's comment. */
inline keep_promises() {
  assert(!(mine(0) && mine(1)));                   /* one owner: two records never both say `mine` */
  assert(!(serves(0) && serves(1)));               /* one door: two gates are never both open */
#if CLIENTS == 1
  assert(kept(1));                                 /* nothing lost or doubled: the acknowledged is in the owner's store, once */
  assert(not_run(1))                               /* a refusal is true: what was refused is in no store, and never will be */
#elif CLIENTS == 2
  assert(kept(1) && kept(2));                      /* nothing lost or doubled: the same */
  assert(not_run(1) && not_run(2))                 /* a refusal is true: the same */
#else
  assert(kept(1) && kept(2) && kept(3));           /* nothing lost or doubled: the same */
  assert(not_run(1) && not_run(2) && not_run(3))   /* a refusal is true: the same */
#endif
}

/* ---- The module's door on one host, and its writer, for the write with one key. ---- */

#define turns_away (own.up && (own.gate == fenced || !mine(me)))
#ifndef sent_on_to
#define sent_on_to other
#endif
#ifndef may_give_up        /* only one who has no other copy under way knows that his write was not run */
#define may_give_up (!(uncertain & bit(key)))
#endif
#ifndef is_writable        /* each transaction checks the record */
#define is_writable mine(me)
#endif
#ifndef remembers          /* a repeat has the same answer */
#define remembers(key) (count(record.history, key) > 0)
#define remember(key) skip
#endif

inline commit_write() {
  clear(own.inside, key);
  if
  :: is_writable && !remembers(key) ->
     assert(mine(me) && record.epoch == newest_epoch);       /* lower epochs are refused: only the newest one's owner writes */
     record.history = append(record.history, key);
     remember(key)
  :: else
  fi
}

/* A write that waits at a fenced gate is one that has not arrived yet. */
proctype Gate(byte me, key) {
end:
  do
  :: d_step { serves(me) && (to[me].requests & ~own.inside & bit(key)) ->  /* it enters the batch that runs, one copy at a time */
       clear(to[me].requests, key);
       set(own.inside, key)
     }
  :: d_step { (own.inside & bit(key)) ->                     /* it commits, and is answered if it was done */
       commit_write();
       acknowledged = acknowledged | (is_writable && remembers(key) -> bit(key) : 0);
       keep_promises()
     }
  :: d_step { (own.inside & bit(key)) && !(uncertain & bit(key)) ->  /* it commits, and the answer is lost */
       commit_write();
       keep_promises()
     }
  :: d_step { turns_away && (to[me].requests & bit(key)) ->  /* `fenced`, `moved`: gate, router or client send it on */
       clear(to[me].requests, key);
       set(to[sent_on_to].requests, key)
     }
  :: d_step { turns_away && (to[me].requests & bit(key)) && may_give_up ->  /* or the client is content with that */
       clear(to[me].requests, key);
       set(given_up, key);
       keep_promises()
     }
  od
}

#ifndef may_know
#define may_know(host) true
#endif

/* Makes one write, through a router that may be wrong about the owner, and again where it waits in vain. */
proctype Client(byte key) {
end:
  do
  :: d_step { (waiting & ~to[0].requests & bit(key)) && may_know(0) -> set(uncertain, key); set(to[0].requests, key) }
  :: d_step { (waiting & ~to[1].requests & bit(key)) && may_know(1) -> set(uncertain, key); set(to[1].requests, key) }
  od
}

/* ---- The giver. ---- */

#ifndef may_open           /* whom the record names serves, also behind a crash */
#define may_open (own.up && own.gate == closed && mine(me))
#endif
#ifndef next_epoch         /* used up, durably, before anybody hears of it */
#define next_epoch (record.highest + 1)
#endif
#ifndef gate_of_a_switch
#define gate_of_a_switch fenced
#endif
#ifndef is_drained
#define is_drained (own.gate == fenced && own.inside == 0)
#endif
#ifndef is_all
#define is_all(report) (report == record.history + 1)
#endif
#ifndef gate_after_giving_up
#define gate_after_giving_up open
#endif
#ifndef is_undecided
#define is_undecided(number) (own.moving == number)
#endif
#define is_asked(number) (own.up && !is_undecided(number) && (to[me].ask & ~to[other].told & ~to[other].dead & bit(number)))

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

proctype Giver(byte me) {
end:
  do
  :: d_step { may_open ->
       own.gate = open;
       keep_promises()
     }
  :: d_step { serves(me) && own.moving == 0 && next_epoch <= EPOCHS ->
       own.moving = next_epoch;
       record.highest = own.moving
     }
  :: d_step { own.moving != 0 && to[other].prepare[own.moving] == 0 ->
       to[other].prepare[own.moving] = record.epoch
     }
  :: d_step { serves(me) && own.moving != 0 && to[me].report[own.moving] != 0 ->  /* the copy is complete: the switch begins */
       own.gate = gate_of_a_switch
     }
  :: d_step { own.moving != 0 && !own.confirmed && is_drained && is_all(to[me].report[own.moving]) ->
       own.confirmed = true
     }
  :: d_step { own.confirmed ->                               /* the decision: its last write as the owner */
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
       own.gate = gate_after_giving_up;
       keep_promises()
     }
  :: d_step { is_asked(2) -> answer(2) }
#if EPOCHS > 2
  :: d_step { is_asked(3) -> answer(3) }
#endif
#if EPOCHS > 3
  :: d_step { is_asked(4) -> answer(4) }
#endif
  od
}

/* ---- The taker. ---- */

#ifndef is_news            /* an epoch that this store had not heard of */
#define is_news(number) (number > record.highest)
#endif
#define is_prepared(number) (own.up && !mine(me) && to[me].prepare[number] != 0 && is_news(number) && is_for_this_store(number))
#define follows (own.up && !mine(me) && mine(other) && record.epoch == store[other].epoch)
#define has_base (record.standby != 0 || record.history != 0)
#ifndef next_batch
#define next_batch length(record.history)
#endif
#ifndef said               /* what is durable here */
#define said (record.history + 1)
#endif
#ifndef may_abandon        /* before it has promised */
#define may_abandon (record.standby != 0 && !record.promised && !disk_lost)
#endif
#ifndef may_ask
#define may_ask (!((to[me].told | to[me].dead | to[other].ask) & bit(record.standby)))
#endif
#ifndef is_told            /* the giver's word */
#define is_told (record.standby != 0 && (to[me].told & bit(record.standby)))
#endif

inline leave_standby() {
  record.standby = 0;
  record.promised = false
}
inline become_standby(number) {
  record.owner = other;
  record.epoch = to[me].prepare[number];
  record.highest = number;
  record.standby = number;
  record.promised = false
}
inline become_owner(number) {
  record.epoch = number;
  record.owner = me;
  leave_standby();
  keep_promises()
}

/* A batch that has not been applied is one that is still under way, and one that comes again changes nothing: so the taker reads
 * the giver's history itself. */
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
       record.history = store[other].history
     }
  :: d_step { follows && has_base && length(record.history) < length(store[other].history) ->  /* the tail, or shipped back */
       record.history = append(record.history, entry(store[other].history, next_batch))
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
       keep_promises()
     }
  :: d_step { own.up && record.promised && may_ask ->
       set(to[other].ask, record.standby)
     }
  :: d_step { own.up && record.standby != 0 && (to[me].dead & bit(record.standby)) ->
       leave_standby()                                       /* what was copied stays: for the next time, or for a repair */
     }
  :: d_step { own.up && is_told -> become_owner(record.standby) }
  od
}

#ifdef mistaken_step
proctype Mistaken(byte me) {
end:
  do
  :: d_step { mistaken_step; keep_promises() }
  od
}
#endif

#include "weather.pml"

#if CLIENTS == 1
#define all_requests bit(1)
#elif CLIENTS == 2
#define all_requests (bit(1) | bit(2))
#else
#define all_requests (bit(1) | bit(2) | bit(3))
#endif

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
    if
    :: to[0].requests = all_requests
    :: to[1].requests = all_requests
#if CLIENTS > 1
    :: to[0].requests = bit(1); to[1].requests = all_requests & ~bit(1)
#endif
    fi;
    run Gate(0, 1); run Gate(1, 1); run Client(1);
#if CLIENTS > 1
    run Gate(0, 2); run Gate(1, 2); run Client(2);
#endif
#if CLIENTS > 2
    run Gate(0, 3); run Gate(1, 3); run Client(3);
#endif
    run Giver(0); run Giver(1); run Taker(0); run Taker(1); run Weather();
    run_others()
  }
}

ltl in_the_end { <>[] all_is_well }                          /* in the end: somebody serves, nobody waits */
