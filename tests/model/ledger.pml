/* Two devices with two operations each, a gateway that loses and repeats, two transactions of the Task
 * Service at a time, and a supervisor who moves pieces between two task lines of one requisition line.
 *
 * Each task has one line, of the same number, and an operation is of one piece. Which operations the devices
 * have, and what the supervisor wants, is any choice: each is gone through.
 *
 * A gateway may lose and repeat whatever was sent, and keep it as long as it likes. So there is nothing to
 * remember of it: what may have been sent can arrive at any moment, as often as it likes, and so can an
 * answer that was given. Whoever is not answered sends again.
 *
 * Whatever a transaction has not committed may be lost at every step. What the names in capitals leave out of
 * the protocol makes it wrong; see test_model.py.
 */

#define REQUIRED_0 2
#define REQUIRED_1 1
#define NONE 4
#define NOTHING 1 /* the answer to an undo of what is not there */

mtype = { SCAN, SHORTAGE, UNDO };
mtype = { IN_PROGRESS, COMPLETED, CANCELLED };
mtype = { SPLIT, REPLAN_ELSEWHERE, REPLAN_THERE };

/* What the devices have, the first two operations one of them and the last two the other. */
mtype kind[4];
byte target[4]; /* the line, or the operation that is taken back */

/* How many of its operations a device has been answered, in their order, and what was ever answered. */
byte head[2];
bit answered[4];

/* The database. An answer is recorded as 1 + accepted + 2 * picked + 8 * short + 32 * completed + 64 *
 * cancelled.
 */
byte required[2], picked[2], shorts[2], recorded[4];
mtype status[2];
bit undone[4], planned;
byte lock[2]; /* who holds the task; 0 where nobody does */

/* What is known besides, to check the rest by. */
byte replanned;    /* pieces of line 0 that were short and are to be picked after all */
byte taken_back[4];
byte wants[4];     /* by who may hold a lock: 1 + the task whose lock it wants as well */

#ifdef NO_IDEMPOTENCE
#define KNOWN(op) 0
#define REPEATED(op) 0
#define IS_NEW_SECOND (second != NONE)
#else
#define KNOWN(op) (recorded[op] != 0)
#define REPEATED(op) (before == op) /* in one batch */
#define IS_NEW_SECOND (second != NONE && second != first && recorded[second % 4] == 0)
#endif
#ifdef UNDO_TWICE
#define IS_DONE(op) 1
#else
#define IS_DONE(op) (!undone[op] && undone_before != op)
#endif
#ifdef PLAN_TWICE
#define PLANNED 0
#else
#define PLANNED planned
#endif

/* A transaction that has read nothing before it has its locks, or what never changes, cannot be told from one
 * that began with them, nor can one that was lost before its commit from none: it is one step. Where its locks
 * are not free, it comes later. Step by step it is gone through where an undo does not find what it names,
 * which may be recorded meanwhile.
 */
#ifdef STEP_BY_STEP
#define AT_ONCE(op, task) 0
#else
#define AT_ONCE(op, task) (op == NONE || task != NONE)
#endif
#define FREE(task) (task == NONE || lock[task % 2] == 0)

#define ACCEPTED(result) (((result) - 1) & 1)
#define LEFT(l) (required[l] - picked[l] - shorts[l])
#define HAS_ROOM(l) (now_picked[l] + now_short[l] < now_required[l])
#define COUNTS(op, k, l) \
    (kind[op] == k && target[op] == l && recorded[op] && ACCEPTED(recorded[op]) && !taken_back[op])
#define COUNTED(k, l) (COUNTS(0, k, l) + COUNTS(1, k, l) + COUNTS(2, k, l) + COUNTS(3, k, l))

/* What the property tests hold the database against as well. */
inline check() {
    assert(required[0] + required[1] == REQUIRED_0 + REQUIRED_1);
    assert(picked[0] + shorts[0] <= required[0] && picked[1] + shorts[1] <= required[1]);
    assert(picked[0] == COUNTED(SCAN, 0) && picked[1] == COUNTED(SCAN, 1));
    assert(shorts[0] + replanned == COUNTED(SHORTAGE, 0) && shorts[1] == COUNTED(SHORTAGE, 1));
    assert(taken_back[0] <= 1 && taken_back[1] <= 1 && taken_back[2] <= 1 && taken_back[3] <= 1);
    assert((status[0] == IN_PROGRESS) == (LEFT(0) > 0) || status[0] == CANCELLED);
    assert((status[1] == IN_PROGRESS) == (LEFT(1) > 0) || status[1] == CANCELLED)
}

/* Take the first of two locks. Two that wait for each other would wait for ever. */
inline take_first(l, next) {
    lock[l] = me;
    wants[me] = 1 + next;
    assert(lock[next] == 0 || wants[lock[next]] != 1 + l)
}

inline take_last(l) {
    lock[l] = me;
    wants[me] = 0
}

inline release() {
    wants[me] = 0;
    if :: lock[0] == me -> lock[0] = 0 :: else fi;
    if :: lock[1] == me -> lock[1] = 0 :: else fi
}

/* Its queue survives whatever happens to it. */
proctype Device(byte d) {
end:
    do
    :: d_step {
           head[d] < 2 && answered[2 * d + head[d]] ->
           assert(recorded[2 * d + head[d]] != 0); /* what was answered is never lost */
           head[d]++
       }
    od
}

/* An operation that may have been sent alone: all before it have been answered. */
inline fetch(op) {
    if
    :: op = 0
    :: head[0] >= 1 -> op = 1
    :: op = 2
    :: head[1] >= 1 -> op = 3
    fi
}

/* The task whose lock an operation asks for. What an undo names is looked up without a lock. */
inline look_up(op, task) {
    if
    :: op != NONE && kind[op] != UNDO -> task = target[op]
    :: op != NONE && kind[op] == UNDO && kind[target[op]] != UNDO && recorded[target[op]] ->
        task = target[target[op]]
    :: else -> task = NONE
    fi
}

inline read() {
    now_required[0] = required[0]; now_picked[0] = picked[0];
    now_short[0] = shorts[0]; now_status[0] = status[0];
    now_required[1] = required[1]; now_picked[1] = picked[1];
    now_short[1] = shorts[1]; now_status[1] = status[1]
}

inline judge(op, task, before, answer_before, undone_before, result, undoes) {
    undoes = NONE;
    accepts = 0;
    if
    :: op == NONE
    :: op != NONE && KNOWN(op) -> result = recorded[op]
    :: op != NONE && !KNOWN(op) && REPEATED(op) -> result = answer_before
    :: else ->
        line = NONE;
        if
        :: kind[op] == UNDO ->
            if
            :: kind[target[op]] != UNDO && task != NONE ->
                line = target[target[op]]; answered_with = recorded[target[op]]
            :: kind[target[op]] != UNDO && task == NONE && before == target[op] ->
                line = target[target[op]]; answered_with = answer_before
            :: else
            fi;
            if
            :: line != NONE && ACCEPTED(answered_with) && IS_DONE(target[op]) ->
                undoes = target[op];
                if
                :: kind[undoes] == SCAN && now_picked[line] > 0 -> now_picked[line]--; accepts = 1
                :: kind[undoes] == SHORTAGE && now_short[line] > 0 -> now_short[line]--; accepts = 1
                :: else -> undoes = NONE /* planned anew by now */
                fi
            :: else
            fi
        :: else ->
            line = target[op];
            if
            :: now_status[line] == IN_PROGRESS && HAS_ROOM(line) ->
                accepts = 1;
                if
                :: kind[op] == SCAN -> now_picked[line]++
                :: else -> now_short[line]++
                fi
            :: else
            fi
        fi;
        if
        :: accepts && now_status[line] != CANCELLED && HAS_ROOM(line) -> now_status[line] = IN_PROGRESS
        :: accepts && now_status[line] != CANCELLED && !HAS_ROOM(line) -> now_status[line] = COMPLETED
        :: else
        fi;
        result = NOTHING;
        if
        :: line != NONE ->
            result = 1 + accepts + 2 * now_picked[line] + 8 * now_short[line];
            if
            :: now_status[line] == COMPLETED -> result = result + 32
            :: now_status[line] == CANCELLED -> result = result + 64
            :: else
            fi
        :: else
        fi
    fi;
    accepts = 0; line = 0; answered_with = 0
}

inline decide() {
#ifndef READ_BEFORE_LOCK
    read();
#endif
    judge(first, task_first, NONE, 0, NONE, result_first, undoes_first);
    judge(second, task_second, first, result_first, undoes_first, result_second, undoes_second);
    is_new_first = !KNOWN(first);
    is_new_second = IS_NEW_SECOND
}

inline write(l) {
    if
    :: lock[l] == me -> picked[l] = now_picked[l]; shorts[l] = now_short[l]; status[l] = now_status[l]
    :: else
    fi
}

inline keep(op, result, is_new, undoes) {
    assert(recorded[op] == 0 || recorded[op] == result); /* one answer for ever */
    if
    :: is_new ->
        recorded[op] = result;
        if :: undoes != NONE -> undone[undoes] = 1; taken_back[undoes]++ :: else fi
    :: else
    fi;
    answered[op] = 1
}

/* Unique keys refuse what was recorded, or taken back, meanwhile: then nothing is written. */
inline commit() {
    if
#ifndef NO_IDEMPOTENCE
    :: is_new_first && recorded[first] != 0
    :: second != NONE && is_new_second && recorded[second] != 0
#endif
#ifndef UNDO_TWICE
    :: undoes_first != NONE && undone[undoes_first]
    :: undoes_second != NONE && undone[undoes_second]
#endif
    :: else ->
        write(0); write(1);
        keep(first, result_first, is_new_first, undoes_first);
        if :: second != NONE -> keep(second, result_second, is_new_second, undoes_second) :: else fi;
        check()
    fi
}

inline forget() {
    release();
    first = NONE; second = NONE; task_first = 0; task_second = 0; result_first = 0; result_second = 0;
    undoes_first = 0; undoes_second = 0; is_new_first = 0; is_new_second = 0;
    now_required[0] = 0; now_picked[0] = 0; now_short[0] = 0; now_status[0] = 0;
    now_required[1] = 0; now_picked[1] = 0; now_short[1] = 0; now_status[1] = 0
}

/* A transaction for one or two operations, as the batcher and the endpoints of batches and undos make them. */
proctype Transaction(byte me; bit alone) {
    byte first = NONE, second = NONE, task_first, task_second, result_first, result_second;
    byte undoes_first, undoes_second, answered_with, line;
    bit is_new_first, is_new_second, accepts;
    byte now_required[2], now_picked[2], now_short[2];
    mtype now_status[2];
end:
    do
    :: atomic {
        if
        :: fetch(first)
        :: !alone -> fetch(first); fetch(second) /* of several devices, or one twice, in any order */
        :: !alone -> first = 0; second = 1       /* gathered while the device was out of reach */
        :: !alone -> first = 2; second = 3
        fi;
        look_up(first, task_first);
        look_up(second, task_second);
#ifdef READ_BEFORE_LOCK
        read();
#endif
        if
        :: AT_ONCE(first, task_first) && AT_ONCE(second, task_second) &&
           FREE(task_first) && FREE(task_second) ->
            lock[task_first] = me;
            if :: task_second != NONE -> lock[task_second] = me :: else fi;
            decide();
            commit();
            forget();
            goto end
        :: AT_ONCE(first, task_first) && AT_ONCE(second, task_second) &&
           !(FREE(task_first) && FREE(task_second)) ->
            forget();
            goto end /* as if it came later */
        :: else
        fi };
        /* The locks, in the order of the tasks, and under them all that it is decided on. */
        if
        :: d_step { task_first != NONE && task_second != NONE && task_first != task_second &&
#ifdef LOCK_AS_SENT
               lock[task_first] == 0 -> take_first(task_first, task_second) };
#else
               lock[0] == 0 -> take_first(0, 1) };
#endif
           if
           :: d_step { lock[wants[me] - 1] == 0 -> take_last(wants[me] - 1); decide() }
           :: goto crash
           fi
        :: d_step { (task_first == NONE || task_second == NONE || task_first == task_second) &&
               FREE(task_first) && FREE(task_second) ->
               if :: task_first != NONE -> take_last(task_first) :: else fi;
               if :: task_second != NONE -> take_last(task_second) :: else fi;
               decide() }
        :: goto crash
        fi;
#ifdef ANSWER_BEFORE_COMMIT
        d_step { answered[first] = 1; if :: second != NONE -> answered[second] = 1 :: else fi };
#endif
        if
        :: d_step { commit(); forget() }
        :: goto crash
        fi;
        goto end;
crash:  skip;
        d_step { forget() } /* what was not committed is gone, and will come again */
    od
}

/* Wants a piece of line 0 to be picked as line 1, or one that was short to be picked after all; as often as
 * it is not answered.
 */
proctype Supervisor(byte me) {
end:
    do
    :: d_step { lock[0] == 0 -> take_first(0, 1) };
        if
        :: d_step { lock[1] == 0 ->
            if
            :: PLANNED
            :: !PLANNED && WANTED == SPLIT && LEFT(0) > 0 && status[1] == IN_PROGRESS ->
                assert(!planned); /* what was sent once is done once */
                required[0]--; required[1]++; planned = 1
            :: !PLANNED && WANTED == REPLAN_ELSEWHERE && shorts[0] > 0 && status[1] == IN_PROGRESS ->
                assert(!planned);
                shorts[0]--; replanned++; required[0]--; required[1]++; planned = 1
            :: !PLANNED && WANTED == REPLAN_THERE && shorts[0] > 0 && status[0] == IN_PROGRESS ->
                assert(!planned);
                shorts[0]--; replanned++; planned = 1
            :: else
            fi;
            if
            :: status[0] == IN_PROGRESS && required[0] == 0 -> status[0] = CANCELLED
            :: status[0] == IN_PROGRESS && required[0] > 0 && LEFT(0) == 0 -> status[0] = COMPLETED
            :: else
            fi;
            check();
            release() }
        :: d_step { release() } /* died */
        fi
    od
}

/* The first operation of a device is a scan, a shortage or an undo of the other's first; the second may also
 * take its own first back. They are numbered: two devices that swap theirs are gone through once.
 */
inline choose(op, own, others, choice) {
    if
    :: kind[op] = SCAN; target[op] = 0; choice = 0
    :: kind[op] = SCAN; target[op] = 1; choice = 1
    :: kind[op] = SHORTAGE; target[op] = 0; choice = 2
    :: kind[op] = UNDO; target[op] = others; choice = 3
    :: op != own -> kind[op] = UNDO; target[op] = own; choice = 4
    fi
}

init {
    byte c0, c1, c2, c3;
    atomic {
        required[0] = REQUIRED_0; required[1] = REQUIRED_1;
        status[0] = IN_PROGRESS; status[1] = IN_PROGRESS;
        choose(0, 0, 2, c0); choose(1, 0, 2, c1); choose(2, 2, 0, c2); choose(3, 2, 0, c3);
#ifdef ONLY
end_others:
        5 * c0 + c1 == ONLY / 25 && 5 * c2 + c3 == ONLY % 25;
#endif
end_left_out:
        5 * c0 + c1 <= 5 * c2 + c3;
        c0 = 0; c1 = 0; c2 = 0; c3 = 0;
        run Device(0); run Device(1); run Transaction(1, 0); run Transaction(2, 1); run Supervisor(3)
    }
}
