/* The mistakes of README.md: each takes the place of a guard of hand_over.pml, or adds a step. Included by hand_over.pml. */

/* ---- Of the gate and the writer. ---- */
#ifdef NO_WRITE_CHECK
#define is_writable true
#endif
#ifdef FORGET_KEYS         /* they are kept, but beside the store */
byte remembered[2];
#define remembers(key) (remembered[me] & bit(key))
#define remember(key) set(remembered[me], key)
#endif
#ifdef HASTY_CLIENT
#define may_give_up true
#endif
#ifdef ROUTER_NEVER_LEARNS
#define sent_on_to me
#define may_know(host) (host == 0)
#endif

/* ---- Of the giver. ---- */
#ifdef SERVE_BY_CONFIG
#define may_open (own.up && own.gate == closed && (mine(me) || me == 0))
#endif
#ifdef WAIT_AT_RESTART
#define may_open (own.up && own.gate == closed && mine(me) && record.highest == record.epoch)
#endif
#ifdef REUSE_EPOCH
#define next_epoch (record.epoch + 1)
#define is_news(number) (number != record.standby && number > record.epoch)
#endif
#ifdef NO_FENCE
#define gate_of_a_switch open
#define is_drained (serves(me) && own.inside == 0)
#endif
#ifdef NO_DRAIN
#define is_drained (own.gate == fenced)
#endif
#ifdef SKIP_FINAL_TAIL
#define is_all(report) (report != 0)
#endif
#ifdef NO_DIGEST
#define is_all(report) (report != 0 && length((report - 1)) == length(record.history))
#endif
#ifdef STAY_FENCED
#define gate_after_giving_up own.gate
#endif
#ifdef DEAD_WHILE_UNDECIDED
#define is_undecided(number) false
#endif

/* ---- Of the taker. ---- */
#ifdef OLD_PREPARE
#define is_news(number) (number != record.standby)
#endif
#ifdef NO_POSITION_CHECK   /* a batch that comes again is applied again */
#define next_batch (record.history == 0 -> 0 : length(record.history) - 1)
#endif
#ifdef REPORT_BEFORE_SYNC
#define said (store[other].history + 1)
#endif
#ifdef ABANDON_PROMISE
#define may_abandon (record.standby != 0)
#endif
#ifdef NEVER_ASK
#define may_ask false
#endif
#ifdef SERVE_WITHOUT_WORD
#define is_told (record.promised && to[other].report[record.standby] == said)
#endif

/* ---- Steps that should not be: they stand behind the protocol, in a process of their own. ---- */
#ifdef ACKNOWLEDGE_BEFORE_COMMIT
#define mistaken_step (own.inside & ~acknowledged & bit(1)) -> set(acknowledged, 1)
#endif
#ifdef REFUSE_AFTER_FORWARD
#define mistaken_step turns_away && (to[me].requests & waiting & bit(1)) -> \
  clear(to[me].requests, 1); set(to[other].requests, 1); set(given_up, 1)
#endif
#ifdef TELL_BEFORE_RECORD
#define mistaken_step own.confirmed && !(to[other].told & bit(own.moving)) -> set(to[other].told, own.moving)
#endif
#ifdef ABORT_AFTER_DECISION
#define mistaken_step own.telling -> own.telling = false; record.owner = me
#endif
#ifdef FORGET_DECISION     /* it was not synced */
#define mistaken_step !own.up && record.owner == other && record.epoch == record.highest && record.epoch > 1 -> record.owner = me
#endif
#ifdef SHIP_RECORD         /* the giver's `mine` is copied with the tables */
#define mistaken_step follows && record.standby != 0 && record.history != 0 -> record.owner = me
#endif
#ifdef NO_EPOCH_CHECK
#define mistaken_step own.up && !mine(me) && (to[me].told & bit(2)) -> become_owner(2)
#endif
#ifdef DROP_WHEN_DEAD
#define mistaken_step own.up && record.standby != 0 && (to[me].dead & bit(record.standby)) -> leave_standby(); record.history = 0
#endif
#ifdef FOUND_ANEW          /* a host whose store is empty founds the module a second time, because its configuration says local */
#define mistaken_step own.up && disk_lost && record.epoch == 0 -> record.owner = me; record.epoch = 1
#endif

inline run_others() {
#ifdef FORCE_OWNER
  run Operator();
#endif
#ifdef mistaken_step
  run Mistaken(0);
  run Mistaken(1);
#endif
  skip
}
