------------------------------- MODULE TraceRaft -------------------------------
(***************************************************************************)
(* Is a recorded log a behaviour of RaftFencing?  TLC's own answer, beside *)
(* that of trace_check: `trace-check tlc` writes the log as the module     *)
(* TraceData and has TLC walk along it with the actions of the spec.       *)
(*                                                                         *)
(* A line is taken in stages: its node is brought to where the line shows  *)
(* it before its event, by steps that no line tells (stage "before"); the  *)
(* event itself happens (stage "inside": messages are sent, or handled one *)
(* by one); and the node is brought to where the line shows it afterwards  *)
(* (stage "after").  No other node moves meanwhile: every action but Tick  *)
(* reads and writes one server and the messages, so that a silent step may *)
(* wait for the next line of its own node.  Clocks are apart for the same  *)
(* reason: ClockSkew is larger than any log is long.                       *)
(*                                                                         *)
(* What a log does not name is not told apart: there is one Write, which   *)
(* stays Idle, and leases keep no write out (trace_check judges them by    *)
(* the clocks of the log).  What no line shows is free.  Steps beyond the  *)
(* spec, which lose nothing, are marked "Beyond the spec"; docs/TRACES.md  *)
(* argues each.                                                            *)
(*                                                                         *)
(* A log is accepted if TraceNotConsumed is violated: TLC 2.15 has neither *)
(* a postcondition nor a Json module.                                      *)
(***************************************************************************)
EXTENDS Properties, TraceData, TLC

\* TraceData defines
\*   Traces: a sequence of logs, each [lines: a sequence of lines, known: a sequence of terms,
\*     terms, indexes: the sets of all that the lines mention, votesLogged, acksLogged, exact: BOOLEAN]
\*   TraceServers, and TraceNobody, which is the name of none of them.
\* A line: [node, kind, begins, left, foreign, prompt, open: see below,
\*          start, crash, pre, post: views, src, dst, msg, key, entry: <<index, term>> or <<>>].
\* A view and a msg tell of some fields only: the names of those are in its set `told`.

VARIABLES
  trace,  \* which log
  line,   \* its next line
  stage,  \* "begin", "before", "inside", "after", or "end"
  inbox,  \* messages still to handle, or already sent, of the batch that the line shows
  wire,   \* {[key, batch]}: what was sent, by what identifies it
  owed,   \* [Server -> Seq(messages)]: answers that a handler gave, sent or not
  quiet   \* silent steps since the last visible one

traceVars == <<trace, line, stage, inbox, wire, owed, quiet>>

SilentMax == 8   \* silent steps in a row; entries that a leader appends do not count
BatchMax  == 8   \* entries of an append that does not tell how many it has

\* == Swapped in by the cfg ==
\* For HasQuorumContact: leases are judged elsewhere.
AlwaysInContact(i) == TRUE
\* For OutcomeAtAppend: no log names the model's writes.
IdleAtAppend == "Idle"
\* For CommitAfterRestart: a server that stores its commit index knows it still.
CommitShown(i) ==
  LET shown == Traces[trace].lines[line].post
  IN IF "commit" \in shown.told /\ shown.commit \in snapshotIndex[i]..commitIndex[i]
     THEN shown.commit ELSE snapshotIndex[i]

\* == The line ==

Log  == Traces[trace].lines
Line == Log[line]
Terms   == Traces[trace].terms
Indexes == Traces[trace].indexes
AllTaken == line > Len(Log)
First(k) == IF k > Len(Log) THEN "end" ELSE IF Log[k].begins = "on" THEN "before" ELSE "begin"

Tells(v, name) == name \in v.told
Told(v, name, value) == Tells(v, name) => v[name] = value

Shows(i, v) ==
  /\ Told(v, "role", role[i])
  /\ Told(v, "term", currentTerm[i])
  /\ Told(v, "vote", votedFor[i])
  /\ Told(v, "commit", commitIndex[i])
  /\ Told(v, "last", LastIndex(i))
  /\ Told(v, "lastTerm", LastTerm(i))

\* What others could see of a server.
Face(i) == <<currentTerm[i], role[i], votedFor[i], commitIndex[i], log[i]>>

Go(to)   == stage' = to /\ quiet' = 0 /\ UNCHANGED <<trace, line>>
NextLine == line' = line + 1 /\ stage' = First(line + 1) /\ quiet' = 0 /\ inbox' = <<>> /\ UNCHANGED trace

\* == Silent steps ==
\* Those that lead towards what a view shows, in as far as the view can tell.

Later(i, v)  == Tells(v, "term") /\ v.term > currentTerm[i]
Stands(i, v) ==
  /\ IF Tells(v, "term") THEN Later(i, v) ELSE Tells(v, "role") /\ v.role # "Follower"
  /\ Told(v, "vote", i)
Resigns(i, v) == (Tells(v, "role") /\ v.role # "Leader") \/ Later(i, v)

\* Beyond the spec: what is logged nowhere is granted, and so are the votes of a candidate that the log
\* takes up in the middle of its campaign.
Midway(i) ==
  \E k \in 1..(line - 1) :
    Log[k].node = i /\ (Log[k].left \/ Log[k].begins = "taken up") /\ Told(Log[k].start, "role", "Candidate")
VotesGranted(i) ==
  /\ role[i] = "Candidate" /\ votesGranted[i] # Server
  /\ ~Traces[trace].votesLogged \/ Midway(i)
  /\ votesGranted' = [votesGranted EXCEPT ![i] = Server]
  /\ UNCHANGED <<currentTerm, role, votedFor, leaderHint, preVotes, transfer, logVars, leaderVars, timeVars,
                 clientVars, messages, historyVars>>
AcksGranted(i) ==
  /\ ~Traces[trace].acksLogged /\ role[i] = "Leader"
  /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> LastIndex(i)]]
  /\ matchIndex' # matchIndex
  /\ UNCHANGED <<electionVars, logVars, nextIndex, ackAge, timeVars, clientVars, messages, historyVars>>

\* Beyond the spec: a leader that could commit more commits a part of it. The entry that it stops at
\* is of its own term, as for AdvanceCommitIndex.
CommitUpTo(i, k) ==
  /\ role[i] = "Leader"
  /\ k \in (commitIndex[i] + 1)..LastIndex(i)
  /\ CommitQuorum(i, k) /\ CommittableTerm(i, k)
  /\ commitIndex' = [commitIndex EXCEPT ![i] = k]
  /\ commits' = [n \in 1..Max(k, Len(commits)) |->
       IF n > Len(commits)
       THEN [term |-> log[i][n].term, write |-> log[i][n].write, commitTerm |-> currentTerm[i]]
       ELSE IF n <= k THEN [commits[n] EXCEPT !.commitTerm = Min(@, currentTerm[i])] ELSE commits[n]]
  /\ UNCHANGED <<electionVars, clientVars, log, snapshotIndex, snapshotTerm, leaderVars, timeVars, messages,
                 elections, acks, audit>>

\* Beyond the spec: a node shows what a message did to it before the line that shows its receipt.
OnTheWay(i) == {m \in UNION {{p.batch[n] : n \in DOMAIN p.batch} : p \in wire} : m.dest = i}
HeardTerm(i, v) ==
  /\ Later(i, v)
  /\ \/ \E m \in OnTheWay(i) : m.term = v.term
     \/ /\ Line.kind = "role"
        /\ Tells(v, "role") /\ v.role = "Follower"
  /\ BecomeFollower(i, v.term, "higher_term")
  /\ currentTerm' = [currentTerm EXCEPT ![i] = v.term]
  /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
  /\ leaderHint' = [leaderHint EXCEPT ![i] = Nil]
  /\ UNCHANGED <<logVars, timeVars, messages, elections, commits, acks>>
HeardLeader(i, v) ==
  /\ role[i] = "Candidate" /\ Tells(v, "role") /\ v.role = "Follower"
  /\ \E m \in OnTheWay(i) :
       m.type = "AppendEntriesRequest" /\ m.term = currentTerm[i] /\ FollowLeader(i, m)
  /\ UNCHANGED <<logVars, messages, acks>>

\* `need`: the leader's log has to be at least that long.
Appends(i, v, need) ==
  LET wanted == Max(need, Max(IF Tells(v, "last") THEN v.last ELSE 0, IF Tells(v, "commit") THEN v.commit ELSE 0))
  IN LastIndex(i) < wanted /\ (\E w \in Write : AcceptWrite(i, w)) /\ UNCHANGED quiet

Counted(i, v) ==
  /\ quiet < SilentMax /\ quiet' = quiet + 1
  /\ \/ Stands(i, v) /\ electionElapsed[i] < ElectionTicks /\ Tick(i)
     \/ Stands(i, v) /\ Timeout(i)
     \/ ~Later(i, v) /\ (BecomeLeader(i) \/ VotesGranted(i))
     \/ Tells(v, "commit") /\ v.commit > commitIndex[i] /\ (CommitUpTo(i, v.commit) \/ AcksGranted(i))
     \/ Resigns(i, v) /\ LeaseValid(i) /\ Tick(i)
     \/ Resigns(i, v) /\ LeaseExpire(i)
     \/ HeardTerm(i, v)
     \/ HeardLeader(i, v)

Silent(i, v, need) ==
  /\ ~(Shows(i, v) /\ LastIndex(i) >= need)
  /\ Counted(i, v) \/ Appends(i, v, need)
  /\ UNCHANGED <<trace, line, stage, inbox, wire, owed>>

\* == Where a node is taken up ==

\* The entries up to `last`, the last of term `lastTerm`. What the log says of earlier ones is in `known`.
EntriesUpTo(last, lastTerm) ==
  [k \in 1..last |-> [term  |-> IF k = last THEN lastTerm ELSE Min(Traces[trace].known[k], lastTerm),
                      write |-> CHOOSE w \in Write : TRUE]]

Either(v, name, values) == IF Tells(v, name) THEN {v[name]} ELSE values
LastTerms(i, v, last) ==
  IF last = 0 THEN {0} ELSE IF Tells(v, "lastTerm") THEN {v.lastTerm}
  ELSE IF last <= LastIndex(i) THEN {TermAt(i, last)} ELSE {Traces[trace].known[last]}

\* As the view has it, and free where it tells nothing; a node that goes on is as it was. What a
\* leader knows of its peers is not to be seen: all that it may need is granted.
PutAt(i, v, goesOn) ==
  \E r \in Either(v, "role", IF goesOn THEN {role[i]} ELSE Roles),
     t \in Either(v, "term", IF goesOn THEN {currentTerm[i]} ELSE Terms),
     vote \in Either(v, "vote", IF goesOn THEN {votedFor[i]} ELSE Server \cup {Nil}),
     last \in Either(v, "last", IF goesOn THEN {LastIndex(i)} ELSE Indexes),
     c \in Either(v, "commit", IF goesOn THEN {commitIndex[i]} ELSE Indexes) :
    \E lastTerm \in LastTerms(i, v, last) :
      LET entries == IF goesOn /\ last = LastIndex(i) /\ lastTerm = LastTerm(i)
                     THEN log[i] ELSE EntriesUpTo(last, lastTerm)
          keeps   == goesOn /\ r = role[i] /\ t = currentTerm[i] /\ entries = log[i]
          told    == Tells(v, "last") /\ Tells(v, "commit")
          of(k)   == LET e == IF k <= last THEN entries[k] ELSE EntriesUpTo(1, 0)[1]
                     IN [term |-> e.term, write |-> e.write, commitTerm |-> Max(t, e.term)]
      IN /\ told \/ c <= last
         /\ currentTerm' = [currentTerm EXCEPT ![i] = t]
         /\ role' = [role EXCEPT ![i] = r]
         /\ votedFor' = [votedFor EXCEPT ![i] = vote]
         /\ votesGranted' = [votesGranted EXCEPT ![i] =
              IF keeps THEN @ ELSE IF r = "Candidate" THEN {i} ELSE {}]
         /\ leaderHint' = [leaderHint EXCEPT ![i] = Nil]
         /\ log' = [log EXCEPT ![i] = entries]
         /\ commitIndex' = [commitIndex EXCEPT ![i] = c]
         /\ snapshotIndex' = [snapshotIndex EXCEPT ![i] = IF goesOn THEN Min(@, c) ELSE c]
         /\ snapshotTerm' = [snapshotTerm EXCEPT ![i] =
              LET k == IF goesOn THEN Min(snapshotIndex[i], c) ELSE c IN IF k = 0 THEN 0 ELSE of(k).term]
         /\ matchIndex' = [matchIndex EXCEPT ![i] =
              IF keeps THEN @ ELSE [j \in Server |-> IF r = "Leader" THEN last ELSE 0]]
         /\ nextIndex' = [nextIndex EXCEPT ![i] =
              IF keeps THEN @ ELSE [j \in Server |-> IF r = "Leader" THEN last + 1 ELSE 1]]
         /\ ackAge' = [ackAge EXCEPT ![i] = IF keeps THEN @ ELSE [j \in Server |-> LeaseTicks]]
         /\ electionElapsed' = [electionElapsed EXCEPT ![i] = 0]
         /\ elections' = IF r = "Leader" THEN elections \cup {[term |-> t, leader |-> i]} ELSE elections
         /\ commits' = [k \in 1..Max(c, Len(commits)) |-> IF k <= Len(commits) THEN commits[k] ELSE of(k)]
         /\ UNCHANGED <<preVotes, transfer, skew, clientVars, messages, acks, audit>>

Begin(i) ==
  /\ stage = "begin" /\ ~Line.left
  /\ \/ Line.begins = "restart" /\ Silent(i, Line.crash, 0)
     \/ /\ Line.begins = "restart" /\ Restart(i)
        /\ owed' = [owed EXCEPT ![i] = <<>>] /\ Go("before") /\ UNCHANGED <<inbox, wire>>
     \/ /\ Line.begins = "taken up" /\ PutAt(i, Line.start, FALSE)
        /\ owed' = [owed EXCEPT ![i] = <<>>] /\ Go("before") /\ UNCHANGED <<inbox, wire>>

\* A line that no step explains: TLC came no further in an earlier run. Its node is taken as it shows it.
Leave(i) ==
  /\ Line.left /\ stage = First(line)
  /\ PutAt(i, Line.start, Line.begins = "on")
  /\ owed' = IF Line.begins = "on" THEN owed ELSE [owed EXCEPT ![i] = <<>>]
  /\ NextLine /\ UNCHANGED wire

\* == Messages ==

\* Whether the batch is what the line shows. A snapshot may be answered as an append is.
Agrees(batch, e) ==
  LET m == batch[1]
      told == e.msg
      entries == [n \in {k \in DOMAIN batch : batch[k].entries # <<>>} |->
                    <<batch[n].prevLogIndex + 1, batch[n].entries[1].term>>]
  IN /\ Told(told, "term", m.term)
     /\ m.dest = e.dst
     /\ CASE e.msg.type = "RequestVoteRequest" ->
               m.type = e.msg.type /\ Told(told, "prev", <<m.lastLogIndex, m.lastLogTerm>>)
          [] e.msg.type = "RequestVoteResponse" -> m.type = e.msg.type /\ Told(told, "ok", m.granted)
          [] e.msg.type = "AppendEntriesRequest" ->
               /\ m.type = e.msg.type
               /\ Told(told, "prev", <<m.prevLogIndex, m.prevLogTerm>>)
               /\ Told(told, "commit", m.commitIndex)
               /\ Told(told, "size", Cardinality(DOMAIN entries))
               /\ Tells(told, "entries") => \A n \in DOMAIN entries : told.entries[n] = entries[n]
          [] e.msg.type = "InstallSnapshotRequest" ->
               /\ m.type = e.msg.type
               /\ Told(told, "prev", <<m.lastIndex, m.lastTerm>>) /\ Told(told, "index", m.lastIndex)
          [] e.msg.type \in {"AppendEntriesResponse", "InstallSnapshotResponse"} ->
               /\ m.type \in {e.msg.type, "InstallSnapshotResponse"}
               /\ LET success == IF m.type = "AppendEntriesResponse" THEN m.success ELSE m.index > 0
                  IN Told(told, "ok", success) /\ (success => Told(told, "index", m.index))

\* A message that no line shows being sent: what its receipt does not tell is free.
Foreign(e) ==
  LET terms   == Either(e.msg, "term", Terms)
      oks     == Either(e.msg, "ok", BOOLEAN)
      prevs   == Either(e.msg, "prev", Indexes \X Terms)
      indexes == Either(e.msg, "index", Indexes)
      commit  == Either(e.msg, "commit", Indexes)
      entry(t) == [term |-> t, write |-> CHOOSE w \in Write : TRUE]
      append(t, c, prev, entries) ==
        [type |-> "AppendEntriesRequest", source |-> e.src, dest |-> e.dst, term |-> t,
         prevLogIndex |-> prev[1], prevLogTerm |-> prev[2], entries |-> entries, commitIndex |-> c, age |-> 0]
  IN CASE e.msg.type = "RequestVoteRequest" ->
            {<<[type |-> e.msg.type, source |-> e.src, dest |-> e.dst, term |-> t,
                lastLogIndex |-> prev[1], lastLogTerm |-> prev[2]]>> : t \in terms, prev \in prevs}
       [] e.msg.type = "RequestVoteResponse" ->
            {<<[type |-> e.msg.type, source |-> e.src, dest |-> e.dst, term |-> t, granted |-> ok]>> :
               t \in terms, ok \in oks}
       [] e.msg.type = "AppendEntriesRequest" ->
            LET told == IF Tells(e.msg, "entries") THEN e.msg.entries ELSE <<>>
            IN IF told = <<>>
               THEN {<<append(t, c, prev, <<>>)>> : t \in terms, c \in commit, prev \in prevs}
               ELSE {[n \in DOMAIN told |->
                        append(t, c, IF n = 1 THEN <<told[1][1] - 1, prev[2]>> ELSE told[n - 1],
                               <<entry(told[n][2])>>)] : t \in terms, c \in commit, prev \in prevs}
       [] e.msg.type = "AppendEntriesResponse" ->
            {<<[type |-> e.msg.type, source |-> e.src, dest |-> e.dst, term |-> t, success |-> ok,
                index |-> IF ok THEN k ELSE 0, age |-> 0]>> : t \in terms, ok \in oks, k \in indexes}
       [] e.msg.type = "InstallSnapshotRequest" ->
            {<<[type |-> e.msg.type, source |-> e.src, dest |-> e.dst, term |-> t, lastIndex |-> prev[1],
                lastTerm |-> prev[2], content |-> EntriesUpTo(prev[1], prev[2]), age |-> 0]>> :
               t \in terms, prev \in {p \in prevs : p[1] > 0}}
       [] e.msg.type = "InstallSnapshotResponse" ->
            {<<[type |-> e.msg.type, source |-> e.src, dest |-> e.dst, term |-> t, index |-> k, age |-> 0]>> :
               t \in terms, k \in indexes}

Receivable(e) ==
  {p.batch : p \in {q \in wire : q.key = e.key}} \cup (IF e.foreign THEN Foreign(e) ELSE {})

\* == Receiving ==

Arrive(i) ==
  /\ stage = "before" /\ Line.kind = "receive" /\ Shows(i, Line.pre)
  /\ \E batch \in {b \in Receivable(Line) : Agrees(b, Line)} :
       messages' = {batch[1]} /\ inbox' = Tail(batch)
  /\ Go("inside")
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars, wire, owed>>

Incoming(i) == {m \in messages : m.dest = i}

\* Where handling a message would show, and the line shows nothing, it was lost.
Handle(i) ==
  /\ stage = "inside" /\ Line.kind = "receive" /\ Incoming(i) # {}
  /\ \/ Receive(i)
     \/ /\ \A m \in Incoming(i) : m.type = "RequestVoteRequest"
        /\ electionElapsed[i] < ElectionTicks /\ Tick(i)
     \/ ~(ENABLED (Receive(i) /\ Face(i)' = Face(i))) /\ DropMessage
  /\ UNCHANGED traceVars

\* The answer to a batch is the answer to its last message.
Settle(i) ==
  /\ stage = "inside" /\ Line.kind = "receive" /\ Incoming(i) = {}
  /\ owed' = IF inbox = <<>> /\ messages # {}
             THEN [owed EXCEPT ![i] = Append(@, CHOOSE m \in messages : TRUE)] ELSE owed
  /\ IF inbox = <<>>
     THEN messages' = {} /\ Go("after") /\ UNCHANGED inbox
     ELSE messages' = {Head(inbox)} /\ inbox' = Tail(inbox) /\ UNCHANGED <<trace, line, stage, quiet>>
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars, wire>>

\* == Sending ==

\* Where the line says that the append begins, else where the leader would begin or knows to agree.
Starts(i, j, e) ==
  IF Tells(e.msg, "prev") THEN {e.msg.prev[1] + 1}
  ELSE IF Tells(e.msg, "entries") /\ e.msg.entries # <<>> THEN {e.msg.entries[1][1]}
  ELSE IF Tells(e.msg, "at_match") THEN {matchIndex[i][j] + 1}
  ELSE {nextIndex[i][j], matchIndex[i][j] + 1}

\* The length of the log that sending this needs.
Need(e) == IF e.kind = "send" /\ Tells(e.msg, "entries") /\ e.msg.entries # <<>>
           THEN e.msg.entries[Len(e.msg.entries)][1] ELSE 0

\* Beyond the spec: an append may begin anywhere, and a snapshot be of any state that was committed.
Aim(i, j, k) ==
  /\ k >= 1
  /\ nextIndex' = [nextIndex EXCEPT ![i][j] = k]
  /\ UNCHANGED <<electionVars, logVars, matchIndex, ackAge, timeVars, clientVars, messages, historyVars>>
SnapshotAt(i, j, k) ==
  /\ k \in Max(snapshotIndex[i], 1)..commitIndex[i]
  /\ snapshotIndex' = [snapshotIndex EXCEPT ![i] = k]
  /\ snapshotTerm' = [snapshotTerm EXCEPT ![i] = TermAt(i, k)]
  /\ nextIndex' = [nextIndex EXCEPT ![i][j] = 1]
  /\ UNCHANGED <<electionVars, log, commitIndex, matchIndex, ackAge, timeVars, clientVars, messages, historyVars>>

Prepare(i) ==
  LET e == Line
      j == e.dst
  IN /\ stage = "before" /\ e.kind = "send" /\ Shows(i, e.pre) /\ LastIndex(i) >= Need(e)
     /\ CASE e.msg.type = "AppendEntriesRequest" -> \E k \in Starts(i, j, e) : Aim(i, j, k)
          [] e.msg.type = "InstallSnapshotRequest" ->
               \E k \in IF Tells(e.msg, "prev") THEN {e.msg.prev[1]} ELSE Either(e.msg, "index", Indexes) :
                 SnapshotAt(i, j, k)
          [] OTHER -> UNCHANGED vars
     /\ Go("inside") /\ inbox' = <<>> /\ UNCHANGED <<wire, owed>>

\* One message more of what the line shows; a leader goes on behind it.
Emit(i) ==
  LET e == Line
      j == e.dst
      sized == IF Tells(e.msg, "size") THEN Max(e.msg.size, 1) ELSE BatchMax
  IN /\ stage = "inside" /\ e.kind = "send" /\ messages = {} /\ Len(inbox) < sized
     /\ CASE e.msg.type = "RequestVoteRequest" -> inbox = <<>> /\ RequestVote(i, j)
          [] e.msg.type = "AppendEntriesRequest" ->
               \E n \in IF Tells(e.msg, "size") THEN {Min(e.msg.size, 1)} ELSE {0, 1} :
                 /\ n = 0 => inbox = <<>>
                 /\ inbox # <<>> => inbox[Len(inbox)].entries # <<>>
                 /\ AppendEntries(i, j, n)
          [] e.msg.type = "InstallSnapshotRequest" -> inbox = <<>> /\ InstallSnapshot(i, j)
          [] OTHER -> FALSE
     /\ UNCHANGED traceVars

Gather(i) ==
  /\ stage = "inside" /\ Line.kind = "send" /\ messages # {}
  /\ \E m \in messages :
       /\ inbox' = Append(inbox, m)
       /\ nextIndex' = IF m.type = "AppendEntriesRequest"
                       THEN [nextIndex EXCEPT ![i][m.dest] = @ + Len(m.entries)] ELSE nextIndex
  /\ messages' = {}
  /\ UNCHANGED <<electionVars, logVars, matchIndex, ackAge, timeVars, clientVars, historyVars>>
  /\ UNCHANGED <<trace, line, stage, wire, owed, quiet>>

\* Beyond the spec: an append of this term is answered with all that is committed.
WithCommitted(i, e) ==
  {[m EXCEPT !.index = e.msg.index] :
     m \in {owed[i][n] : n \in {k \in DOMAIN owed[i] :
       LET answer == owed[i][k]
       IN /\ answer.type = "AppendEntriesResponse" /\ Tells(e.msg, "index")
          /\ answer.success /\ answer.term = currentTerm[i]
          /\ answer.index < e.msg.index /\ e.msg.index <= commitIndex[i]}}}

\* A node that handles one message at a time, or says what it acknowledges, answers the last that fits.
Answers(i, e) ==
  LET fit == {n \in DOMAIN owed[i] : Agrees(<<owed[i][n]>>, e)}
      last == CHOOSE n \in fit : \A k \in fit : k <= n
  IN IF fit = {} THEN {m \in WithCommitted(i, e) : Agrees(<<m>>, e)}
     ELSE IF e.prompt \/ Tells(e.msg, "index") THEN {owed[i][last]} ELSE {owed[i][n] : n \in fit}

Sent(i) ==
  LET e == Line
      put(batch) == wire' = wire \cup {[key |-> e.key, batch |-> batch]}
  IN /\ stage = "inside" /\ e.kind = "send" /\ messages = {}
     /\ IF e.msg.type \in Requests
        THEN inbox # <<>> /\ Agrees(inbox, e) /\ put(inbox)
        ELSE \E m \in Answers(i, e) : put(<<m>>)
     /\ Shows(i, e.post) /\ NextLine
     /\ UNCHANGED <<vars, owed>>

\* == Other lines ==

Look(i) ==
  /\ stage = "before" /\ Line.kind \notin {"send", "receive"} /\ Shows(i, Line.pre)
  /\ Go("after") /\ UNCHANGED <<vars, inbox, wire, owed>>

\* A record of a change of role that does not tell which, of entries or of a commit.
Recorded(i) ==
  /\ stage = "after" /\ Line.open
  /\ \/ Line.kind = "role" /\ quiet < SilentMax /\ quiet' = quiet + 1
        /\ \/ electionElapsed[i] < ElectionTicks /\ Tick(i)
           \/ Timeout(i) \/ BecomeLeader(i) \/ VotesGranted(i) \/ LeaseExpire(i)
     \/ /\ Line.kind = "append" /\ LastIndex(i) < Line.entry[1]
        /\ (\E w \in Write : AcceptWrite(i, w)) /\ UNCHANGED quiet
     \/ /\ Line.kind = "commit" /\ commitIndex[i] < Line.entry[1]
        /\ (CommitUpTo(i, Line.entry[1]) \/ AcksGranted(i)) /\ UNCHANGED quiet
  /\ UNCHANGED <<trace, line, stage, inbox, wire, owed>>

Holds(i, e) ==
  e.entry # <<>> =>
    LET k == e.entry[1]
    IN /\ k <= (IF e.kind = "commit" THEN commitIndex[i] ELSE LastIndex(i))
       /\ k > 0 => log[i][k].term = e.entry[2]

Finish(i) ==
  /\ stage = "after" /\ Shows(i, Line.post) /\ Holds(i, Line)
  /\ NextLine /\ UNCHANGED <<vars, wire, owed>>

\* == Specification ==

TraceInit ==
  /\ Init
  /\ trace \in DOMAIN Traces
  /\ line = 1 /\ stage = First(1) /\ inbox = <<>> /\ wire = {} /\ owed = [i \in Server |-> <<>>] /\ quiet = 0
  /\ \A t \in DOMAIN Traces : TLCSet(t, 0)

TraceNext ==
  /\ ~AllTaken
  /\ \E i \in {Line.node} :
        \/ Leave(i)
        \/ /\ ~Line.left
           /\ \/ Begin(i)
              \/ stage = "before" /\ Silent(i, Line.pre, Need(Line))
              \/ stage = "after" /\ Silent(i, Line.post, 0)
              \/ Arrive(i) \/ Handle(i) \/ Settle(i)
              \/ Prepare(i) \/ Emit(i) \/ Gather(i) \/ Sent(i)
              \/ Look(i) \/ Recorded(i) \/ Finish(i)

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, traceVars>>

\* == What is asked ==

\* What has to hold of the nodes once a line is taken. Entries that the log does not tell are guesses
\* (`exact` is FALSE), of which nothing is claimed.
Broken ==
  {name \in {"ElectionSafety", "StateMachineSafety", "LeaderCompleteness"} :
     \/ name = "ElectionSafety" /\ ~ElectionSafety
     \/ name = "StateMachineSafety" /\ Traces[trace].exact /\ ~StateMachineSafety
     \/ name = "LeaderCompleteness" /\ Traces[trace].exact /\ ~LeaderCompleteness}
Taken == quiet = 0 /\ stage = First(line)

\* What breaks something is told and not followed; of the rest, how far TLC has come.
Followed ==
  IF Taken /\ Broken # {} THEN PrintT(<<"broken", trace, line, Broken>>) /\ FALSE
  ELSE IF line > TLCGet(trace) THEN TLCSet(trace, line) /\ PrintT(<<"reached", trace, line>>)
  ELSE TRUE

TraceNotConsumed == AllTaken => Broken # {}
================================================================================
