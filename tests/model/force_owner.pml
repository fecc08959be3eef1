/* A variant of hand_over.pml: the disk of one host is lost, once, while the host is down and the other has a copy; an operator
 * who knows it makes the other the owner (`repair --force-owner`). Here are the facts, in weather.pml the steps. Included by
 * hand_over.pml. */

#ifdef FORCE_OWNER
bool disk_lost;
byte lost_host;
byte old_epochs;          /* hand-overs up to this one name the id of the store that was lost */
byte lost;                /* acknowledged writes that only the lost disk had, bits by key */

#define heir (disk_lost -> 1 - lost_host : (store[0].epoch > store[1].epoch -> store[0].owner : store[1].owner))
#define has_copy(host) (store[host].promised || \
                        (store[host].standby == 0 && store[host].history != 0 && store[host].epoch == store[1 - host].epoch))
#ifdef STORE_WITHOUT_ID
#define is_for_this_store(number) true
#else
#define is_for_this_store(number) (me != lost_host || number > old_epochs)
#endif
#ifdef FORCE_UNSURE
#define may_force(host) (memory[host].up && store[host].promised)
#else
#define may_force(host) (memory[host].up && !mine(host) && disk_lost && lost_host == 1 - host && store[1 - host].epoch == 0)
#endif
#else
#define disk_lost false
#define lost 0
#define is_for_this_store(number) true
#endif
