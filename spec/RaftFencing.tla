----------------------------- MODULE RaftFencing -----------------------------
(***************************************************************************)
(* Stale-leader fencing in Raft: elections, replication, snapshots, client *)
(* writes with their outcomes, and leader leases on skewed clocks.         *)
(*                                                                         *)
(* The question it answers: once a newer term exists, what can a leader of *)
(* an older term still do?  Every place that keeps it from doing harm is a *)
(* named operator in the section "Guards", so that a cfg can swap it and   *)
(* TLC can show what it was for.                                           *)
(*                                                                         *)
(* The same transition system is written in Python in pymodel/raft, action *)
(* by action under the same names.  What is claimed of it is in module     *)
(* Properties; bounds, symmetry and mutants live in module MC.  Nothing    *)
(* here is bounded but by its constants.                                   *)
(*                                                                         *)
(* Sources: Ongaro and Ousterhout, "In Search of an Understandable         *)
(* Consensus Algorithm" (2014), and Ongaro's thesis, chapters 3 to 6.      *)
(* Divergences are argued where they occur and listed in                   *)
(* docs/DIVERGENCE.md.                                                     *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

\* == Constants ==

CONSTANTS
  Server,         \* the cluster; membership is fixed
  Write,          \* client write attempts; a retry is another attempt
  Read,           \* client read attempts
  Nil,            \* no server
  ElectionTicks,  \* a server that heard from a leader promises no vote for this long
  LeaseTicks,     \* a lease lasts this long; under SampledQuorum it counts samples, not ticks
  ClockSkew,      \* two clocks never differ by more than this many ticks
  LeasePolicy,    \* what renews a lease, and when it ends: see Lease policies
  Snapshots,      \* whether servers take snapshots
  Features,       \* optional parts of the protocol, see Features
  Faults,         \* the faults that happen, a subset of {"loss", "restart"}
  History         \* optional history to keep, a subset of {"acks", "audit"}

\* == Lease policies ==
\* SendTime: the lease counts from the sending of the request that a quorum acknowledged.
\* AckReceipt: it counts from the arrival of the acknowledgement.
\* SampledQuorum: a leader notes who acknowledged anything; once per election timeout it looks at
\* the notes, steps down if they are no quorum, and begins new ones.
\* None: writes need no lease and none expires.

LeasePolicies == {"SendTime", "AckReceipt", "SampledQuorum", "None"}

\* == Features ==
\* pre_vote: a server asks whether it would win before it campaigns.
\* transfer: a leader gives its office away, and its lease with it.
\* lease_read: a leader answers a read at once, by its lease.
\* read_index: a leader answers a read when a quorum has acknowledged a later request.

KnownFeatures == {"pre_vote", "transfer", "lease_read", "read_index"}

ASSUME ConstantsOK ==
  /\ IsFiniteSet(Server) /\ Server # {} /\ Nil \notin Server
  /\ IsFiniteSet(Write) /\ IsFiniteSet(Read)
  /\ {ElectionTicks, LeaseTicks, ClockSkew} \subseteq Nat
  /\ LeasePolicy \in LeasePolicies
  /\ Snapshots \in BOOLEAN
  /\ Features \subseteq KnownFeatures
  /\ Faults \subseteq {"loss", "restart"}
  /\ History \subseteq {"acks", "audit"}

\* == Variables ==

VARIABLES
  \* Election. currentTerm and votedFor are durable, the rest is volatile.
  currentTerm,      \* [Server -> Nat]
  role,             \* [Server -> {"Follower", "Candidate", "Leader"}]
  votedFor,         \* [Server -> Server or Nil], the vote in currentTerm
  votesGranted,     \* [Server -> SUBSET Server], empty unless a candidate
  leaderHint,       \* [Server -> Server or Nil], where a client is redirected to
  preVotes,         \* [Server -> SUBSET Server], not empty while it asks whether it would win
  transfer,         \* [Server -> stage], see TransferStages
  \* Log. Entries up to snapshotIndex stand for the content of the snapshot: no action
  \* reads one of them singly. All but commitIndex are durable.
  log,              \* [Server -> Seq([term: Nat, write: Write])], indexes from 1
  commitIndex,      \* [Server -> Nat]
  snapshotIndex,    \* [Server -> Nat], the last index that the snapshot covers
  snapshotTerm,     \* [Server -> Nat], the term of the entry at snapshotIndex
  \* What a leader knows of its peers; reset as soon as it stops leading, so that two
  \* states which differ only in what nobody will read again are one state.
  matchIndex,       \* [Server -> [Server -> Nat]]
  nextIndex,        \* [Server -> [Server -> Nat]]
  \* Time is relative: ages saturate, so a finite graph covers unbounded time.
  electionElapsed,  \* [Server -> 0..ElectionTicks], own ticks since a current leader was heard;
                    \* of a leader under SampledQuorum, since its last sample
  ackAge,           \* [Server -> [Server -> 0..LeaseTicks]], the age of the newest acknowledgement of
                    \* this term by the peer: own ticks since the sending of its request, since its
                    \* arrival, or samples, as LeasePolicy says
  skew,             \* [Server -> 0..ClockSkew], each clock relative to the slowest
  client,           \* [Write -> outcome], see Outcomes
  reads,            \* [Read -> [status, server, index: what it returns, floor: the least that it may,
                    \* confirmedBy]]; floor is history
  messages,         \* the messages in flight, a set: a re-send duplicates, a drop loses,
                    \* and order means nothing
  \* History: read by properties only, never by an action.
  elections,        \* {[term, leader]}: every election ever won
  commits,          \* Seq([term, write, commitTerm]): what was first committed at each index, and
                    \* the lowest term in which a leader committed it
  acks,             \* {[term, server, index]}: every successful acknowledgement ever sent
  audit             \* [Server -> role transition]: the last record of its role transition log

electionVars == <<currentTerm, role, votedFor, votesGranted, leaderHint, preVotes, transfer>>
logVars      == <<log, commitIndex, snapshotIndex, snapshotTerm>>
leaderVars   == <<matchIndex, nextIndex, ackAge>>
timeVars     == <<electionElapsed, skew>>
clientVars   == <<client, reads>>
historyVars  == <<elections, commits, acks, audit>>
vars == <<electionVars, logVars, leaderVars, timeVars, clientVars, messages, historyVars>>

Roles    == {"Follower", "Candidate", "Leader"}
\* Pending: accepted, not answered.  Unknown: its leader stepped down before it could tell;
\* the write may or may not commit.  Redirected and Rejected promise that it never will.
Outcomes == {"Idle", "Pending", "Ok", "Unknown", "Redirected", "Rejected"}
\* Failed: its leader stepped down before it could answer.
ReadStatuses == {"Idle", "Waiting", "Served", "Failed"}
\* Of a leader: whether it gives its office away, or tried to. Of a candidate: whether it was told to
\* campaign by the leader before it.
TransferStages == {"none", "transferring", "aborted", "campaign"}

\* == Helpers ==

Min(a, b) == IF a < b THEN a ELSE b
Max(a, b) == IF a > b THEN a ELSE b

LastIndex(i) == Len(log[i])
Prefix(i, k) == SubSeq(log[i], 1, Min(k, LastIndex(i)))
TermAt(i, k) == IF k = 0 \/ k > LastIndex(i) THEN 0
                ELSE IF k = snapshotIndex[i] THEN snapshotTerm[i] ELSE log[i][k].term
LastTerm(i)  == TermAt(i, LastIndex(i))

Requests  == {"PreVoteRequest", "RequestVoteRequest", "AppendEntriesRequest", "InstallSnapshotRequest",
              "TimeoutNow"}
Responses == {"PreVoteResponse", "RequestVoteResponse", "AppendEntriesResponse", "InstallSnapshotResponse"}

Received(i, type) == {m \in messages : m.type = type /\ m.dest = i}

\* m with one field more, where the feature that needs it is on.
With(m, feature, name, value) ==
  IF feature \in Features
  THEN [field \in DOMAIN m \cup {name} |-> IF field = name THEN value ELSE m[field]] ELSE m

Send(m)           == messages' = messages \cup {m}
Reply(request, m) == messages' = (messages \ {request}) \cup {m}
Consume(m)        == messages' = messages \ {m}

\* Whether an age begins with the sending of a request, so that messages have to carry it.
AgeFromSending == LeasePolicy \in {"SendTime", "None"}

\* The server whose lease a message can renew, so whose clock its age follows.
LeaseHolder(m) == IF m.type \in Requests THEN m.source ELSE m.dest
Aged(m, moved) ==
  IF AgeFromSending /\ "age" \in DOMAIN m /\ LeaseHolder(m) \in moved
  THEN [m EXCEPT !.age = Min(@ + 1, LeaseTicks)] ELSE m

\* The role transition log. Time is the order of the steps: the model has no wall clock.
Transition(i, newRole, newTerm, reason) ==
  [oldRole |-> role[i], newRole |-> newRole, oldTerm |-> currentTerm[i], newTerm |-> newTerm,
   reason |-> reason]

\* Those whose acknowledgement is less than LeaseTicks old, and i itself.
RecentContacts(i) == {i} \cup {j \in Server \ {i} : ackAge[i][j] < LeaseTicks}

\* The servers that hold the leader's log up to k, as far as it knows.
Holders(i, k) == {i} \cup {j \in Server \ {i} : matchIndex[i][j] >= k}

\* Writes that i accepted as the leader of its current term and has not answered.
PendingAt(i) ==
  {w \in Write : /\ client[w] = "Pending" /\ role[i] = "Leader"
                 /\ \E k \in 1..LastIndex(i) : log[i][k] = [term |-> currentTerm[i], write |-> w]}

WaitsAt(i, q)   == reads[q].status = "Waiting" /\ reads[q].server = i
Transferring(i) == transfer[i] = "transferring"

\* The least index that a read may return which begins now: of what clients know to have happened.
AcknowledgedIndex ==
  LET written == {k \in 1..Len(commits) : client[commits[k].write] = "Ok"}
      seen    == {reads[q].index : q \in {r \in Read : reads[r].status = "Served"}}
      known   == {0} \cup written \cup seen
  IN CHOOSE k \in known : \A other \in known : other <= k

\* == Guards ==
\* Each is one reason why the system is safe, and one line that a cfg can swap.

\* Any message of a higher term deposes its receiver before anything else happens.
HigherTerm(i, m) == m.term > currentTerm[i]

\* Fencing of requests: a stale one is answered with the receiver's term and changes nothing.
StaleRequestVoteRequest(i, m)     == m.term < currentTerm[i]
StaleAppendEntriesRequest(i, m)   == m.term < currentTerm[i]
StaleInstallSnapshotRequest(i, m) == m.term < currentTerm[i]

StalePreVoteRequest(i, m)         == m.term < currentTerm[i]
StaleTimeoutNow(i, m)             == m.term < currentTerm[i]

\* Fencing of responses: an answer counts only in the term that asked for it.
CurrentRequestVoteResponse(i, m)     == m.term = currentTerm[i]
CurrentAppendEntriesResponse(i, m)   == m.term = currentTerm[i]
CurrentInstallSnapshotResponse(i, m) == m.term = currentTerm[i]
CurrentPreVoteResponse(i, m)         == m.term = currentTerm[i]
\* What brings a higher term is not used up by it: it is handled in the new term.
HandledAfterUpdate(m) == TRUE
\* An answer tells the receiver's term, whatever the request's.
AnswerTerm(i, m) == currentTerm[i]
\* Who sent a message of a higher term need not lead it: after a step-down nobody is known to lead.
HintAfterStepDown(i, m) == Nil

\* Fencing of client writes: only a leader accepts one, and only in contact with a quorum.
AcceptsWrites(i) == role[i] = "Leader"

IsQuorum(servers) == 2 * Cardinality(servers) > Cardinality(Server)

\* Elections.
MayCampaign(i)              == role[i] # "Leader"
ElectionTimeoutElapsed(i)   == electionElapsed[i] >= ElectionTicks
AsksForVote(i, j)           == j \notin votesGranted[i]
VoteAvailable(i, m)         == votedFor[i] \in {Nil, m.source}
CandidateLogUpToDate(i, m)  ==
  \/ m.lastLogTerm > LastTerm(i)
  \/ m.lastLogTerm = LastTerm(i) /\ m.lastLogIndex >= LastIndex(i)
\* Having heard from a leader is a promise: no vote for anyone within ElectionTicks. A leader
\* needs no promise of its own: it must step down to vote, and its lease ends with its role.
WithholdsVote(i)            == electionElapsed[i] < ElectionTicks
\* A vote belongs to its term. Stepping down within the term does not give it back.
VoteAfterStepDown(i)        == votedFor[i]

\* A campaign that the leader itself asked for is not held back by a promise to that leader.
OverridesWithholding(m)     == "transfer" \in Features /\ m.override

\* A pre-vote is a forecast: it binds nobody, changes nothing at who gives it and counts as no vote.
WithholdsPreVote(i)    == role[i] = "Leader" \/ electionElapsed[i] < ElectionTicks
TermAfterPreVote(i, m) == currentTerm[i]
PreVoteWon(i)          == "pre_vote" \in Features => IsQuorum(preVotes[i])
HasVoteAtCampaign(i, j) == j = i

\* Leadership transfer. A leader gives up its lease before it asks for its own removal, and for the
\* rest of the term: that it thinks better of it calls no message back.
LeaseYielded(i)           == transfer[i] \in {"transferring", "aborted"}
TransferTargetReady(i, j) == matchIndex[i][j] = LastIndex(i)
\* A campaign of one's own has no leader's blessing.
StageAfterTimeout(i)      == "none"

\* Durability: what a server still knows after a restart. It cannot know whether it promised a
\* leader something just before, so it waits as if it had.
TermAfterRestart(i)    == currentTerm[i]
VoteAfterRestart(i)    == votedFor[i]
ElapsedAfterRestart(i) == 0
\* What it took as committed is volatile; only a snapshot is known to be.
CommitAfterRestart(i)  == snapshotIndex[i]

\* Replication. A leader stamps a new entry with its term and puts it behind all it has.
TermOfNewEntry(i) == currentTerm[i]
AppendsAfter(i)   == LastIndex(i)
LogMatches(i, m) ==
  \/ m.prevLogIndex <= snapshotIndex[i] /\ (m.prevLogIndex = snapshotIndex[i] => m.prevLogTerm = snapshotTerm[i])
  \/ m.prevLogIndex \in 1..LastIndex(i) /\ m.prevLogTerm = TermAt(i, m.prevLogIndex)
EntryConflicts(i, k, entry) == log[i][k].term # entry.term
\* A follower knows its log to agree with the leader's only as far as this request says.
FollowerCommit(m)           == Min(m.commitIndex, m.prevLogIndex + Len(m.entries))
\* A leader counts itself once.
CommitQuorum(i, k)          == IsQuorum(Holders(i, k))
\* A leader commits by counting only an entry of its own term (Raft, section 5.4.2).
CommittableTerm(i, k)       == log[i][k].term = currentTerm[i]
\* A snapshot that the log already agrees with must not cost it the entries behind.
RetainsSuffix(i, m)         == LastIndex(i) >= m.lastIndex /\ TermAt(i, m.lastIndex) = m.lastTerm

\* Leases. The age that an answer proves: since its request was sent, and a rejection proves none.
\* The other policies take the answer itself for news.
RenewedAge(m)       == IF AgeFromSending THEN m.age ELSE 0
AgeAfterRejection(i, m) == ackAge[i][m.source]
AckAgeAtElection    == LeaseTicks
LeaseValid(i)       == role[i] = "Leader" /\ IsQuorum(RecentContacts(i)) /\ ~LeaseYielded(i)
HasQuorumContact(i) == LeasePolicy # "None" => LeaseValid(i)
\* A sample finds that a quorum, i itself included, acknowledged something since the last one.
SampleHasQuorum(i)  == IsQuorum({i} \cup {j \in Server \ {i} : ackAge[i][j] = 0})

\* Reads. A leader answers them, once it has committed something in its term: before, it may lack what
\* its predecessor told clients. It makes sure that no later leader commits meanwhile: by a lease that
\* is valid as it answers, or by acknowledgements of requests that it sent after the read began.
ServesReads(i)        == role[i] = "Leader"
CommittedInTerm(i)    == commitIndex[i] > 0 /\ TermAt(i, commitIndex[i]) = currentTerm[i]
ReadLeaseValid(i)     == HasQuorumContact(i)
ConfirmsRead(i, m, q) == "read_index" \in Features /\ q \in m.reads
ReadConfirmed(q)      == IsQuorum({reads[q].server} \cup reads[q].confirmedBy)

\* What a client hears when a write is appended, and when its leader steps down before commit.
OutcomeAtAppend   == "Pending"
OutcomeAtStepDown == "Unknown"

\* The role transition log: every transition is recorded, for the reason that it had.
RecordsTransition(i, reason) == TRUE
TransitionReason(i, reason)  == reason

\* == Initial state ==

Init ==
  /\ currentTerm = [i \in Server |-> 0]
  /\ role = [i \in Server |-> "Follower"]
  /\ votedFor = [i \in Server |-> Nil]
  /\ votesGranted = [i \in Server |-> {}]
  /\ leaderHint = [i \in Server |-> Nil]
  /\ preVotes = [i \in Server |-> {}]
  /\ transfer = [i \in Server |-> "none"]
  /\ log = [i \in Server |-> <<>>]
  /\ commitIndex = [i \in Server |-> 0]
  /\ snapshotIndex = [i \in Server |-> 0]
  /\ snapshotTerm = [i \in Server |-> 0]
  /\ matchIndex = [i \in Server |-> [j \in Server |-> 0]]
  /\ nextIndex = [i \in Server |-> [j \in Server |-> 1]]
  /\ electionElapsed = [i \in Server |-> 0]
  /\ ackAge = [i \in Server |-> [j \in Server |-> LeaseTicks]]
  /\ skew = [i \in Server |-> 0]
  /\ client = [w \in Write |-> "Idle"]
  /\ reads = [q \in Read |-> [status |-> "Idle", server |-> Nil, index |-> 0, floor |-> 0, confirmedBy |-> {}]]
  /\ messages = {}
  /\ elections = {}
  /\ commits = <<>>
  /\ acks = {}
  /\ audit = [i \in Server |-> [oldRole |-> "Follower", newRole |-> "Follower",
                                oldTerm |-> 0, newTerm |-> 0, reason |-> "start"]]

\* == Steps shared by actions ==

Record(i, newRole, newTerm, reason) ==
  audit' = IF "audit" \in History /\ RecordsTransition(i, reason)
           THEN [audit EXCEPT ![i] = Transition(i, newRole, newTerm, TransitionReason(i, reason))]
           ELSE audit

\* i runs for the next term.
Campaign(i, reason, stage) ==
  /\ currentTerm' = [currentTerm EXCEPT ![i] = @ + 1]
  /\ role' = [role EXCEPT ![i] = "Candidate"]
  /\ votedFor' = [votedFor EXCEPT ![i] = i]
  /\ votesGranted' = [votesGranted EXCEPT ![i] = {j \in Server : HasVoteAtCampaign(i, j)}]
  /\ leaderHint' = [leaderHint EXCEPT ![i] = Nil]
  /\ preVotes' = [preVotes EXCEPT ![i] = {}]
  /\ transfer' = [transfer EXCEPT ![i] = stage]
  /\ Record(i, "Candidate", currentTerm[i] + 1, reason)

\* i goes on as a follower in `term`: what it knew as a candidate or leader is void, and its
\* unanswered writes end Unknown, since its successor may hold and commit them.
BecomeFollower(i, term, reason) ==
  /\ role' = [role EXCEPT ![i] = "Follower"]
  /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
  /\ preVotes' = [preVotes EXCEPT ![i] = {}]
  /\ transfer' = [transfer EXCEPT ![i] = "none"]
  /\ reads' = [q \in Read |->
       IF WaitsAt(i, q) THEN [reads[q] EXCEPT !.status = "Failed", !.confirmedBy = {}] ELSE reads[q]]
  /\ matchIndex' = [matchIndex EXCEPT ![i] = [j \in Server |-> 0]]
  /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> 1]]
  /\ ackAge' = [ackAge EXCEPT ![i] = [j \in Server |-> LeaseTicks]]
  /\ client' = LET lost == PendingAt(i)
               IN [w \in Write |-> IF w \in lost THEN OutcomeAtStepDown ELSE client[w]]
  /\ IF role[i] = "Follower" /\ reason # "restart"
     THEN UNCHANGED audit ELSE Record(i, "Follower", term, reason)

\* i accepts m.source as the leader of its current term. Its clock starts anew: this is the
\* promise that a lease counts on.
FollowLeader(i, m) ==
  /\ BecomeFollower(i, currentTerm[i], "current_leader")
  /\ votedFor' = [votedFor EXCEPT ![i] = IF role[i] = "Follower" THEN @ ELSE VoteAfterStepDown(i)]
  /\ leaderHint' = [leaderHint EXCEPT ![i] = m.source]
  /\ electionElapsed' = [electionElapsed EXCEPT ![i] = 0]
  /\ UNCHANGED <<currentTerm, skew, elections, commits>>

\* Leader i learns that j holds its log up to `index`, from an answer m.
CountAck(i, j, index, m) ==
  LET match == Max(matchIndex[i][j], index)
  IN /\ matchIndex' = [matchIndex EXCEPT ![i][j] = match]
     /\ nextIndex' = [nextIndex EXCEPT ![i][j] = match + 1]
     /\ ackAge' = [ackAge EXCEPT ![i][j] = Min(@, RenewedAge(m))]

RecordAck(i, m, index) ==
  acks' = IF "acks" \in History /\ index > 0
          THEN acks \cup {[term |-> m.term, server |-> i, index |-> index]} ELSE acks

\* == Actions ==
\* Elections

\* Pre-votes are of the sender's present term, and ask about the next.
StartPreVote(i) ==
  /\ "pre_vote" \in Features
  /\ MayCampaign(i)
  /\ ElectionTimeoutElapsed(i)
  /\ preVotes[i] = {}
  /\ preVotes' = [preVotes EXCEPT ![i] = {i}]
  /\ UNCHANGED <<currentTerm, role, votedFor, votesGranted, leaderHint, transfer, logVars, leaderVars,
                 timeVars, clientVars, messages, historyVars>>

RequestPreVote(i, j) ==
  /\ preVotes[i] # {}
  /\ j \notin preVotes[i]
  /\ Send([type |-> "PreVoteRequest", source |-> i, dest |-> j, term |-> currentTerm[i],
           lastLogIndex |-> LastIndex(i), lastLogTerm |-> LastTerm(i)])
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>

HandlePreVoteRequest(i) ==
  \E m \in Received(i, "PreVoteRequest") :
    /\ ~HigherTerm(i, m)
    /\ currentTerm' = [currentTerm EXCEPT ![i] = TermAfterPreVote(i, m)]
    /\ LET granted == /\ ~StalePreVoteRequest(i, m)
                      /\ CandidateLogUpToDate(i, m)
                      /\ ~WithholdsPreVote(i)
       IN Reply(m, [type |-> "PreVoteResponse", source |-> i, dest |-> m.source,
                    term |-> AnswerTerm(i, m), granted |-> granted])
    /\ UNCHANGED <<role, votedFor, votesGranted, leaderHint, preVotes, transfer, logVars, leaderVars,
                   timeVars, clientVars, historyVars>>

HandlePreVoteResponse(i) ==
  \E m \in Received(i, "PreVoteResponse") :
    /\ ~HigherTerm(i, m)
    /\ CurrentPreVoteResponse(i, m)
    /\ preVotes' = [preVotes EXCEPT ![i] = IF @ # {} /\ m.granted THEN @ \cup {m.source} ELSE @]
    /\ Consume(m)
    /\ UNCHANGED <<currentTerm, role, votedFor, votesGranted, leaderHint, transfer, logVars, leaderVars,
                   timeVars, clientVars, historyVars>>

Timeout(i) ==
  /\ MayCampaign(i)
  /\ ElectionTimeoutElapsed(i)
  /\ PreVoteWon(i)
  /\ Campaign(i, "election_timeout", StageAfterTimeout(i))
  /\ UNCHANGED <<logVars, leaderVars, timeVars, clientVars, messages, elections, commits, acks>>

RequestVote(i, j) ==
  /\ role[i] = "Candidate"
  /\ AsksForVote(i, j)
  /\ LET m == [type |-> "RequestVoteRequest", source |-> i, dest |-> j, term |-> currentTerm[i],
                lastLogIndex |-> LastIndex(i), lastLogTerm |-> LastTerm(i)]
     IN Send(With(m, "transfer", "override", transfer[i] = "campaign"))
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>

HandleRequestVoteRequest(i) ==
  \E m \in Received(i, "RequestVoteRequest") :
    /\ ~HigherTerm(i, m)
    /\ LET granted == /\ ~StaleRequestVoteRequest(i, m)
                      /\ VoteAvailable(i, m)
                      /\ CandidateLogUpToDate(i, m)
                      /\ ~WithholdsVote(i) \/ OverridesWithholding(m)
       IN /\ votedFor' = [votedFor EXCEPT ![i] = IF granted THEN m.source ELSE @]
          /\ Reply(m, [type |-> "RequestVoteResponse", source |-> i, dest |-> m.source,
                       term |-> AnswerTerm(i, m), granted |-> granted])
    /\ UNCHANGED <<currentTerm, role, votesGranted, leaderHint, preVotes, transfer, logVars, leaderVars,
                   timeVars, clientVars, historyVars>>

HandleRequestVoteResponse(i) ==
  \E m \in Received(i, "RequestVoteResponse") :
    /\ ~HigherTerm(i, m)
    /\ CurrentRequestVoteResponse(i, m)
    /\ votesGranted' = [votesGranted EXCEPT ![i] =
                          IF role[i] = "Candidate" /\ m.granted THEN @ \cup {m.source} ELSE @]
    /\ Consume(m)
    /\ UNCHANGED <<currentTerm, role, votedFor, leaderHint, preVotes, transfer, logVars, leaderVars,
                   timeVars, clientVars, historyVars>>

BecomeLeader(i) ==
  /\ role[i] = "Candidate"
  /\ IsQuorum(votesGranted[i])
  /\ role' = [role EXCEPT ![i] = "Leader"]
  /\ votesGranted' = [votesGranted EXCEPT ![i] = {}]
  /\ preVotes' = [preVotes EXCEPT ![i] = {}]
  /\ transfer' = [transfer EXCEPT ![i] = "none"]
  /\ nextIndex' = [nextIndex EXCEPT ![i] = [j \in Server |-> LastIndex(i) + 1]]
  /\ ackAge' = [ackAge EXCEPT ![i] = [j \in Server |-> AckAgeAtElection]]
  /\ electionElapsed' = [electionElapsed EXCEPT ![i] = IF LeasePolicy = "SampledQuorum" THEN 0 ELSE @]
  /\ elections' = elections \cup {[term |-> currentTerm[i], leader |-> i]}
  /\ Record(i, "Leader", currentTerm[i], "won_election")
  /\ UNCHANGED <<currentTerm, votedFor, leaderHint, logVars, matchIndex, skew, clientVars, messages,
                 commits, acks>>

\* Replication

\* One entry (n = 1) or a heartbeat (n = 0). Both carry the same consistency check.
AppendEntries(i, j, n) ==
  /\ role[i] = "Leader"
  /\ i # j
  /\ nextIndex[i][j] > snapshotIndex[i]
  /\ n = 1 => nextIndex[i][j] <= LastIndex(i)
  /\ LET prev == nextIndex[i][j] - 1
         m    == [type |-> "AppendEntriesRequest", source |-> i, dest |-> j, term |-> currentTerm[i],
                  prevLogIndex |-> prev, prevLogTerm |-> TermAt(i, prev),
                  entries |-> IF n = 1 THEN <<log[i][prev + 1]>> ELSE <<>>,
                  commitIndex |-> commitIndex[i], age |-> 0]
     IN Send(With(m, "read_index", "reads", {q \in Read : WaitsAt(i, q)}))
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>

\* The log of i after the entries of m, which follow m.prevLogIndex.
LogAfter(i, m) ==
  LET k == m.prevLogIndex + 1
  IN IF m.entries = <<>> \/ k <= snapshotIndex[i] THEN log[i]
     ELSE IF k <= LastIndex(i) /\ ~EntryConflicts(i, k, m.entries[1]) THEN log[i]
     ELSE Append(Prefix(i, k - 1), m.entries[1])

AppendResponse(i, m, success, index, age) ==
  LET answer == [type |-> "AppendEntriesResponse", source |-> i, dest |-> m.source,
                 term |-> AnswerTerm(i, m), success |-> success, index |-> index, age |-> age]
  IN With(answer, "read_index", "reads", IF success THEN m.reads ELSE {})

HandleAppendEntriesRequest(i) ==
  \E m \in Received(i, "AppendEntriesRequest") :
    /\ ~HigherTerm(i, m)
    /\ IF StaleAppendEntriesRequest(i, m)
       THEN /\ Reply(m, AppendResponse(i, m, FALSE, 0, LeaseTicks))
            /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>
       ELSE /\ FollowLeader(i, m)
            /\ IF LogMatches(i, m)
               THEN LET index == m.prevLogIndex + Len(m.entries)
                    IN /\ log' = [log EXCEPT ![i] = LogAfter(i, m)]
                       /\ commitIndex' = [commitIndex EXCEPT ![i] = Max(@, FollowerCommit(m))]
                       /\ RecordAck(i, m, index)
                       /\ Reply(m, AppendResponse(i, m, TRUE, index, m.age))
               ELSE /\ Reply(m, AppendResponse(i, m, FALSE, 0, LeaseTicks))
                    /\ UNCHANGED <<log, commitIndex, acks>>
            /\ UNCHANGED <<snapshotIndex, snapshotTerm>>

HandleAppendEntriesResponse(i) ==
  \E m \in Received(i, "AppendEntriesResponse") :
    /\ ~HigherTerm(i, m)
    /\ CurrentAppendEntriesResponse(i, m)
    /\ Consume(m)
    /\ reads' = [q \in Read |-> IF m.success /\ WaitsAt(i, q) /\ ConfirmsRead(i, m, q)
                               THEN [reads[q] EXCEPT !.confirmedBy = @ \cup {m.source}] ELSE reads[q]]
    /\ IF role[i] # "Leader" THEN UNCHANGED leaderVars
       ELSE IF m.success THEN CountAck(i, m.source, m.index, m)
       ELSE /\ nextIndex' = [nextIndex EXCEPT ![i][m.source] = Max(@ - 1, matchIndex[i][m.source] + 1)]
            /\ ackAge' = [ackAge EXCEPT ![i][m.source] = AgeAfterRejection(i, m)]
            /\ UNCHANGED matchIndex
    /\ UNCHANGED <<electionVars, logVars, timeVars, client, historyVars>>

AdvanceCommitIndex(i) ==
  /\ role[i] = "Leader"
  /\ LET chosen == {k \in (commitIndex[i] + 1)..LastIndex(i) :
                      CommitQuorum(i, k) /\ CommittableTerm(i, k)}
         last   == CHOOSE k \in chosen : \A other \in chosen : other <= k
     IN /\ chosen # {}
        /\ commitIndex' = [commitIndex EXCEPT ![i] = last]
        /\ commits' = [k \in 1..Max(last, Len(commits)) |->
             IF k > Len(commits)
             THEN [term |-> log[i][k].term, write |-> log[i][k].write, commitTerm |-> currentTerm[i]]
             ELSE IF k <= last THEN [commits[k] EXCEPT !.commitTerm = Min(@, currentTerm[i])]
             ELSE commits[k]]
        /\ client' = [w \in Write |->
             IF w \in PendingAt(i) /\ \E k \in 1..last : log[i][k].write = w THEN "Ok" ELSE client[w]]
  /\ UNCHANGED <<electionVars, reads, log, snapshotIndex, snapshotTerm, leaderVars, timeVars, messages,
                 elections, acks, audit>>

\* Snapshots

TakeSnapshot(i) ==
  /\ Snapshots
  /\ commitIndex[i] > snapshotIndex[i]
  /\ snapshotIndex' = [snapshotIndex EXCEPT ![i] = commitIndex[i]]
  /\ snapshotTerm' = [snapshotTerm EXCEPT ![i] = TermAt(i, commitIndex[i])]
  /\ UNCHANGED <<electionVars, log, commitIndex, leaderVars, timeVars, clientVars, messages, historyVars>>

\* Only when the entry that the peer needs next is gone into the snapshot.
InstallSnapshot(i, j) ==
  /\ role[i] = "Leader"
  /\ i # j
  /\ nextIndex[i][j] <= snapshotIndex[i]
  /\ Send([type |-> "InstallSnapshotRequest", source |-> i, dest |-> j, term |-> currentTerm[i],
           lastIndex |-> snapshotIndex[i], lastTerm |-> snapshotTerm[i],
           content |-> Prefix(i, snapshotIndex[i]), age |-> 0])
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>

\* An index of 0 acknowledges nothing: the request was stale.
SnapshotResponse(i, m, index, age) ==
  [type |-> "InstallSnapshotResponse", source |-> i, dest |-> m.source, term |-> AnswerTerm(i, m),
   index |-> index, age |-> age]

HandleInstallSnapshotRequest(i) ==
  \E m \in Received(i, "InstallSnapshotRequest") :
    /\ ~HigherTerm(i, m)
    /\ IF StaleInstallSnapshotRequest(i, m)
       THEN /\ Reply(m, SnapshotResponse(i, m, 0, LeaseTicks))
            /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>
       ELSE /\ FollowLeader(i, m)
            /\ RecordAck(i, m, m.lastIndex)
            /\ Reply(m, SnapshotResponse(i, m, m.lastIndex, m.age))
            /\ IF m.lastIndex <= commitIndex[i]
               THEN UNCHANGED logVars
               ELSE /\ log' = [log EXCEPT ![i] =
                         IF RetainsSuffix(i, m)
                         THEN m.content \o SubSeq(@, m.lastIndex + 1, Len(@)) ELSE m.content]
                    /\ commitIndex' = [commitIndex EXCEPT ![i] = m.lastIndex]
                    /\ snapshotIndex' = [snapshotIndex EXCEPT ![i] = m.lastIndex]
                    /\ snapshotTerm' = [snapshotTerm EXCEPT ![i] = m.lastTerm]

HandleInstallSnapshotResponse(i) ==
  \E m \in Received(i, "InstallSnapshotResponse") :
    /\ ~HigherTerm(i, m)
    /\ CurrentInstallSnapshotResponse(i, m)
    /\ Consume(m)
    /\ IF role[i] = "Leader" /\ m.index > 0
       THEN CountAck(i, m.source, m.index, m) ELSE UNCHANGED leaderVars
    /\ UNCHANGED <<electionVars, logVars, timeVars, clientVars, historyVars>>

\* Fencing

\* The message stays in flight: it is handled in the new term, by a step of its own.
UpdateTerm(i) ==
  \E m \in messages :
    /\ m.dest = i
    /\ HigherTerm(i, m)
    /\ BecomeFollower(i, m.term, "higher_term")
    /\ currentTerm' = [currentTerm EXCEPT ![i] = m.term]
    /\ votedFor' = [votedFor EXCEPT ![i] = Nil]
    /\ leaderHint' = [leaderHint EXCEPT ![i] = HintAfterStepDown(i, m)]
    /\ messages' = IF HandledAfterUpdate(m) THEN messages ELSE messages \ {m}
    /\ UNCHANGED <<logVars, timeVars, elections, commits, acks>>

DropStaleResponse(i) ==
  \E m \in messages :
    /\ m.type \in Responses
    /\ m.dest = i
    /\ m.term < currentTerm[i]
    /\ Consume(m)
    /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>

\* Leadership transfer

TransferLeadership(i, j) ==
  /\ "transfer" \in Features
  /\ role[i] = "Leader"
  /\ i # j
  /\ ~Transferring(i)
  /\ TransferTargetReady(i, j)
  /\ transfer' = [transfer EXCEPT ![i] = "transferring"]
  /\ Send([type |-> "TimeoutNow", source |-> i, dest |-> j, term |-> currentTerm[i]])
  /\ UNCHANGED <<currentTerm, role, votedFor, votesGranted, leaderHint, preVotes, logVars, leaderVars,
                 timeVars, clientVars, historyVars>>

\* The leader has waited long enough, and takes writes again if it may.
AbortTransfer(i) ==
  /\ Transferring(i)
  /\ transfer' = [transfer EXCEPT ![i] = "aborted"]
  /\ UNCHANGED <<currentTerm, role, votedFor, votesGranted, leaderHint, preVotes, logVars, leaderVars,
                 timeVars, clientVars, messages, historyVars>>

\* The target campaigns at once, whatever its clock says and without a pre-vote.
HandleTimeoutNow(i) ==
  \E m \in Received(i, "TimeoutNow") :
    /\ ~HigherTerm(i, m)
    /\ Consume(m)
    /\ IF StaleTimeoutNow(i, m) \/ role[i] # "Follower"
       THEN UNCHANGED <<electionVars, audit>>
       ELSE Campaign(i, "leadership_transfer", "campaign")
    /\ UNCHANGED <<logVars, leaderVars, timeVars, clientVars, elections, commits, acks>>

\* Client writes

AcceptWrite(i, w) ==
  /\ client[w] = "Idle"
  /\ AcceptsWrites(i)
  /\ HasQuorumContact(i) /\ ~Transferring(i)
  /\ log' = [log EXCEPT ![i] = Append(Prefix(i, AppendsAfter(i)), [term |-> TermOfNewEntry(i), write |-> w])]
  /\ client' = [client EXCEPT ![w] = OutcomeAtAppend]
  /\ UNCHANGED <<electionVars, reads, commitIndex, snapshotIndex, snapshotTerm, leaderVars, timeVars,
                 messages, historyVars>>

RedirectWrite(i, w) ==
  /\ client[w] = "Idle"
  /\ role[i] # "Leader"
  /\ client' = [client EXCEPT ![w] = "Redirected"]
  /\ UNCHANGED <<electionVars, reads, logVars, leaderVars, timeVars, messages, historyVars>>

RejectWrite(i, w) ==
  /\ client[w] = "Idle"
  /\ role[i] = "Leader"
  /\ ~HasQuorumContact(i) \/ Transferring(i)
  /\ client' = [client EXCEPT ![w] = "Rejected"]
  /\ UNCHANGED <<electionVars, reads, logVars, leaderVars, timeVars, messages, historyVars>>

\* Client reads

NewRead(i, status) ==
  [status |-> status, server |-> i, index |-> commitIndex[i], floor |-> AcknowledgedIndex, confirmedBy |-> {}]

\* It begins, is checked and answered in one step.
LeaseRead(i, q) ==
  /\ "lease_read" \in Features
  /\ reads[q].status = "Idle"
  /\ ServesReads(i)
  /\ CommittedInTerm(i)
  /\ ReadLeaseValid(i)
  /\ reads' = [reads EXCEPT ![q] = NewRead(i, "Served")]
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, client, messages, historyVars>>

BeginRead(i, q) ==
  /\ "read_index" \in Features
  /\ reads[q].status = "Idle"
  /\ ServesReads(i)
  /\ CommittedInTerm(i)
  /\ reads' = [reads EXCEPT ![q] = NewRead(i, "Waiting")]
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, client, messages, historyVars>>

ServeRead(q) ==
  /\ reads[q].status = "Waiting"
  /\ ReadConfirmed(q)
  /\ reads' = [reads EXCEPT ![q].status = "Served", ![q].confirmedBy = {}]
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, client, messages, historyVars>>

\* Lease and time

\* Under SampledQuorum a leader's clock says when to look at its notes. A sample that is due waits for
\* no time: the clock stands still until it is taken.
SampleDue(i) ==
  LeasePolicy = "SampledQuorum" /\ role[i] = "Leader" /\ electionElapsed[i] = ElectionTicks

\* One clock moves; without skew the clocks are one clock. A model without timeouts has none.
Tick(i) ==
  LET moved  == IF ClockSkew = 0 THEN Server ELSE {i}
      ahead  == [skew EXCEPT ![i] = @ + 1]
      lowest == CHOOSE least \in {ahead[k] : k \in Server} : \A k \in Server : least <= ahead[k]
  IN /\ ElectionTicks + LeaseTicks > 0
     /\ ClockSkew = 0 \/ skew[i] < ClockSkew
     /\ \A k \in moved : ~SampleDue(k)
     /\ skew' = IF ClockSkew = 0 THEN skew ELSE [k \in Server |-> ahead[k] - lowest]
     /\ electionElapsed' = [k \in Server |->
          IF k \in moved THEN Min(electionElapsed[k] + 1, ElectionTicks) ELSE electionElapsed[k]]
     /\ ackAge' = [k \in Server |->
          IF k \in moved /\ LeasePolicy # "SampledQuorum"
          THEN [j \in Server |-> Min(ackAge[k][j] + 1, LeaseTicks)] ELSE ackAge[k]]
     /\ messages' = {Aged(m, moved) : m \in messages}
     /\ UNCHANGED <<electionVars, logVars, matchIndex, nextIndex, clientVars, historyVars>>

SampleQuorum(i) ==
  /\ SampleDue(i)
  /\ SampleHasQuorum(i)
  /\ electionElapsed' = [electionElapsed EXCEPT ![i] = 0]
  /\ ackAge' = [ackAge EXCEPT ![i] = [j \in Server |-> Min(@[j] + 1, LeaseTicks)]]
  /\ UNCHANGED <<electionVars, logVars, matchIndex, nextIndex, skew, clientVars, messages, historyVars>>

LeaseExpire(i) ==
  /\ LeasePolicy # "None"
  /\ role[i] = "Leader"
  /\ IF LeasePolicy = "SampledQuorum" THEN SampleDue(i) /\ ~SampleHasQuorum(i) ELSE ~LeaseValid(i)
  /\ BecomeFollower(i, currentTerm[i], "lease_expired")
  /\ votedFor' = [votedFor EXCEPT ![i] = VoteAfterStepDown(i)]
  /\ UNCHANGED <<currentTerm, leaderHint, logVars, timeVars, messages, elections, commits, acks>>

\* Faults

Restart(i) ==
  /\ "restart" \in Faults
  /\ BecomeFollower(i, TermAfterRestart(i), "restart")
  /\ currentTerm' = [currentTerm EXCEPT ![i] = TermAfterRestart(i)]
  /\ votedFor' = [votedFor EXCEPT ![i] = VoteAfterRestart(i)]
  /\ leaderHint' = [leaderHint EXCEPT ![i] = Nil]
  /\ commitIndex' = [commitIndex EXCEPT ![i] = CommitAfterRestart(i)]
  /\ electionElapsed' = [electionElapsed EXCEPT ![i] = ElapsedAfterRestart(i)]
  /\ UNCHANGED <<log, snapshotIndex, snapshotTerm, skew, messages, elections, commits, acks>>

DropMessage ==
  /\ "loss" \in Faults
  /\ \E m \in messages : Consume(m)
  /\ UNCHANGED <<electionVars, logVars, leaderVars, timeVars, clientVars, historyVars>>

\* == Specification ==
Next ==
  \/ \E i \in Server : StartPreVote(i)
  \/ \E i, j \in Server : RequestPreVote(i, j)
  \/ \E i \in Server : HandlePreVoteRequest(i)
  \/ \E i \in Server : HandlePreVoteResponse(i)
  \/ \E i \in Server : Timeout(i)
  \/ \E i, j \in Server : RequestVote(i, j)
  \/ \E i \in Server : HandleRequestVoteRequest(i)
  \/ \E i \in Server : HandleRequestVoteResponse(i)
  \/ \E i \in Server : BecomeLeader(i)
  \/ \E i, j \in Server, n \in {0, 1} : AppendEntries(i, j, n)
  \/ \E i \in Server : HandleAppendEntriesRequest(i)
  \/ \E i \in Server : HandleAppendEntriesResponse(i)
  \/ \E i \in Server : AdvanceCommitIndex(i)
  \/ \E i \in Server : TakeSnapshot(i)
  \/ \E i, j \in Server : InstallSnapshot(i, j)
  \/ \E i \in Server : HandleInstallSnapshotRequest(i)
  \/ \E i \in Server : HandleInstallSnapshotResponse(i)
  \/ \E i \in Server : UpdateTerm(i)
  \/ \E i \in Server : DropStaleResponse(i)
  \/ \E i, j \in Server : TransferLeadership(i, j)
  \/ \E i \in Server : AbortTransfer(i)
  \/ \E i \in Server : HandleTimeoutNow(i)
  \/ \E i \in Server, w \in Write : AcceptWrite(i, w)
  \/ \E i \in Server, w \in Write : RedirectWrite(i, w)
  \/ \E i \in Server, w \in Write : RejectWrite(i, w)
  \/ \E i \in Server, q \in Read : LeaseRead(i, q)
  \/ \E i \in Server, q \in Read : BeginRead(i, q)
  \/ \E q \in Read : ServeRead(q)
  \/ \E i \in Server : Tick(i)
  \/ \E i \in Server : SampleQuorum(i)
  \/ \E i \in Server : LeaseExpire(i)
  \/ \E i \in Server : Restart(i)
  \/ DropMessage

Spec == Init /\ [][Next]_vars

\* == Fairness ==
\* What a working server does in the end: it handles a message that waits for it, asks for votes,
\* takes office, replicates, commits, answers reads, and its clock runs. What nobody owes: to campaign,
\* to write or read, to give an office away, to take a snapshot, and faults. A step beyond the bounds of module MC is owed too, and not there to be
\* taken: that is why nobody owes a campaign. docs/CHECKER.md says what it would do to the claims.

Receive(i) ==
  \/ HandlePreVoteRequest(i) \/ HandlePreVoteResponse(i) \/ HandleTimeoutNow(i)
  \/ HandleRequestVoteRequest(i) \/ HandleRequestVoteResponse(i)
  \/ HandleAppendEntriesRequest(i) \/ HandleAppendEntriesResponse(i)
  \/ HandleInstallSnapshotRequest(i) \/ HandleInstallSnapshotResponse(i)
  \/ UpdateTerm(i) \/ DropStaleResponse(i)

ClockFairness ==
  \A i \in Server : WF_vars(Tick(i)) /\ WF_vars(SampleQuorum(i)) /\ WF_vars(LeaseExpire(i))

ServerFairness ==
  /\ \A i \in Server : WF_vars(Receive(i)) /\ WF_vars(BecomeLeader(i)) /\ WF_vars(AdvanceCommitIndex(i))
  /\ \A i, j \in Server : WF_vars(RequestPreVote(i, j) \/ RequestVote(i, j)) /\ WF_vars(InstallSnapshot(i, j))
  /\ \A i, j \in Server, n \in {0, 1} : WF_vars(AppendEntries(i, j, n))
  /\ \A q \in Read : WF_vars(ServeRead(q))

\* == Fair specifications ==

\* Clocks run and leases end, whatever becomes of the messages.
ClockSpec == Spec /\ ClockFairness
\* And servers do their work.
FairSpec == Spec /\ ClockFairness /\ ServerFairness
==============================================================================
