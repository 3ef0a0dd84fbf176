------------------------------ MODULE Properties ------------------------------
(***************************************************************************)
(* What is claimed of RaftFencing, and what is only looked for: invariants,*)
(* action properties and liveness properties, and the witnesses that show  *)
(* that they are not true of nothing.  Nothing here is read by an action.  *)
(*                                                                         *)
(* Each operator has a twin of the same name in pymodel/raft: invariants,  *)
(* properties, liveness, witnesses.  docs/PROPERTIES.md says what breaks   *)
(* each.                                                                   *)
(***************************************************************************)
EXTENDS RaftFencing

\* == Helpers of properties ==

Entry(e) == [term |-> e.term, write |-> e.write]
IsPrefix(short, long) == Len(short) <= Len(long) /\ SubSeq(long, 1, Len(short)) = short

\* The corrected role transition table: old role, new role, whether the term grows, reason.
TransitionTable ==
  { <<"Follower",  "Candidate", TRUE,  "election_timeout">>,
    <<"Candidate", "Candidate", TRUE,  "election_timeout">>,
    <<"Follower",  "Candidate", TRUE,  "leadership_transfer">>,
    <<"Candidate", "Leader",    FALSE, "won_election">>,
    <<"Candidate", "Follower",  FALSE, "current_leader">>,
    <<"Candidate", "Follower",  TRUE,  "higher_term">>,
    <<"Leader",    "Follower",  TRUE,  "higher_term">>,
    <<"Leader",    "Follower",  FALSE, "lease_expired">>,
    <<"Follower",  "Follower",  FALSE, "restart">>,
    <<"Candidate", "Follower",  FALSE, "restart">>,
    <<"Leader",    "Follower",  FALSE, "restart">> }

\* Messages that a step takes from the network. One that only grew older is still in flight.
Consumed == {m \in messages : m \notin messages' /\ Aged(m, Server) \notin messages'}

\* A newer term exists that leader i has not heard of; or even a quorum is in newer terms.
Deposed(i)    == role[i] = "Leader" /\ \E j \in Server : currentTerm[j] > currentTerm[i]
Superseded(i) == role[i] = "Leader" /\ IsQuorum({j \in Server : currentTerm[j] > currentTerm[i]})

\* == State invariants ==

TypeOK ==
  /\ currentTerm \in [Server -> Nat]
  /\ role \in [Server -> Roles]
  /\ votedFor \in [Server -> Server \cup {Nil}]
  /\ votesGranted \in [Server -> SUBSET Server]
  /\ leaderHint \in [Server -> Server \cup {Nil}]
  /\ preVotes \in [Server -> SUBSET Server]
  /\ transfer \in [Server -> TransferStages]
  /\ log \in [Server -> Seq([term: Nat, write: Write])]
  /\ commitIndex \in [Server -> Nat]
  /\ snapshotIndex \in [Server -> Nat]
  /\ snapshotTerm \in [Server -> Nat]
  /\ matchIndex \in [Server -> [Server -> Nat]]
  /\ nextIndex \in [Server -> [Server -> Nat \ {0}]]
  /\ electionElapsed \in [Server -> 0..ElectionTicks]
  /\ ackAge \in [Server -> [Server -> 0..LeaseTicks]]
  /\ skew \in [Server -> 0..ClockSkew]
  /\ client \in [Write -> Outcomes]
  /\ reads \in [Read -> [status: ReadStatuses, server: Server \cup {Nil}, index: Nat, floor: Nat,
                         confirmedBy: SUBSET Server]]
  /\ \A m \in messages : m.type \in Requests \cup Responses /\ m.source # m.dest
  /\ \A e \in elections : e.term \in Nat /\ e.leader \in Server
  /\ \A a \in acks : a.term \in Nat /\ a.server \in Server /\ a.index \in Nat

\* No term has two leaders, at once or one after the other.
ElectionSafety ==
  \A e, f \in elections : e.term = f.term => e.leader = f.leader

LogMatching ==
  \A i, j \in Server : \A k \in 1..Min(LastIndex(i), LastIndex(j)) :
    log[i][k].term = log[j][k].term => SubSeq(log[i], 1, k) = SubSeq(log[j], 1, k)

\* What a server takes as committed at an index is what was first committed there.
StateMachineSafety ==
  \A i \in Server : \A k \in 1..commitIndex[i] :
    k <= LastIndex(i) /\ k <= Len(commits) /\ log[i][k] = Entry(commits[k])

\* By the term in which it was committed. By the entry's own term the claim is false of Raft.
LeaderCompleteness ==
  \A k \in 1..Len(commits) : \A i \in Server :
    role[i] = "Leader" /\ currentTerm[i] > commits[k].commitTerm
      => k <= LastIndex(i) /\ log[i][k] = Entry(commits[k])

CommittedOnQuorum ==
  \A k \in 1..Len(commits) :
    IsQuorum({i \in Server : k <= LastIndex(i) /\ log[i][k] = Entry(commits[k])})

\* A leader counts no acknowledgement that was not made, in its term. Needs History "acks":
\* without it the claim is false at once, rather than true of nothing.
QuorumAckSound ==
  /\ "acks" \in History
  /\ \A i, j \in Server :
       role[i] = "Leader" /\ matchIndex[i][j] > 0
         => \E a \in acks : a.term = currentTerm[i] /\ a.server = j /\ a.index >= matchIndex[i][j]

MatchIndexSound ==
  \A i, j \in Server :
    role[i] = "Leader" /\ i # j /\ currentTerm[j] = currentTerm[i]
      => /\ matchIndex[i][j] <= Min(LastIndex(i), LastIndex(j))
         /\ SubSeq(log[i], 1, matchIndex[i][j]) = SubSeq(log[j], 1, matchIndex[i][j])

\* Nothing carries a term above that of the server it came from or lies at, and terms in a log
\* never fall.
TermBounds ==
  /\ \A m \in messages : m.term <= currentTerm[m.source]
  /\ \A e \in elections : e.term <= currentTerm[e.leader]
  /\ \A i \in Server : \A k \in 1..LastIndex(i) :
       /\ log[i][k].term <= currentTerm[i]
       /\ k > 1 => log[i][k - 1].term <= log[i][k].term

OkIsChosen ==
  \A w \in Write : client[w] = "Ok" => \E k \in 1..Len(commits) : commits[k].write = w

DefiniteFailNeverCommits ==
  \A k \in 1..Len(commits) : client[commits[k].write] \notin {"Redirected", "Rejected"}

\* A read returns no less than was acknowledged before it began: no write that was answered Ok and no
\* earlier read is missed. And nothing that is not committed.
LinearizableRead ==
  \A q \in Read : reads[q].status = "Served" =>
    reads[q].floor <= reads[q].index /\ reads[q].index <= Len(commits)

\* Whoever a lease counts on is still under its promise not to vote.
LeaseImpliesPromise ==
  \A i \in Server : role[i] = "Leader" =>
    \A j \in Server \ {i} : ackAge[i][j] < LeaseTicks => electionElapsed[j] < ElectionTicks

LeaseExclusion ==
  \A i \in Server : LeaseValid(i) =>
    \A j \in Server : ~(role[j] = "Leader" /\ currentTerm[j] > currentTerm[i])

RedirectSound ==
  \A i \in Server : leaderHint[i] # Nil =>
    /\ leaderHint[i] # i
    /\ \E e \in elections : e.leader = leaderHint[i] /\ e.term <= currentTerm[i]

\* The last audit record tells the present role, how it came about, and no term it never had.
\* Needs History "audit".
AuditFaithful ==
  /\ "audit" \in History
  /\ \A i \in Server :
       LET record == audit[i]
       IN /\ record.newRole = role[i]
          /\ record.oldTerm <= record.newTerm /\ record.newTerm <= currentTerm[i]
          /\ role[i] # "Follower" => record.newTerm = currentTerm[i]
          /\ \/ record.reason = "start"
             \/ <<record.oldRole, record.newRole, record.oldTerm < record.newTerm, record.reason>>
                  \in TransitionTable

\* == Witnesses ==
\* Not claims: each is something that has to be able to happen, lest the claims hold of nothing. TLC
\* shows one where its negation, in module MC, fails as an invariant.

SomeoneLeads == \E i \in Server : role[i] = "Leader"

\* A leader of an older term that nobody has told.
TwoLead ==
  \E i, j \in Server : role[i] = "Leader" /\ role[j] = "Leader" /\ currentTerm[i] < currentTerm[j]

LeaseHeld == LeasePolicy # "None" /\ \E i \in Server : LeaseValid(i)

\* A lease goes on although someone has left its term: a candidate, so far.
LeaseOutlivesTerm ==
  LeasePolicy # "None" /\ \E i, j \in Server : LeaseValid(i) /\ currentTerm[i] < currentTerm[j]

EntryCommitted == commits # <<>>

\* What a leader appended and could not commit is committed by a later one.
OldEntryCommitted == \E k \in 1..Len(commits) : commits[k].term < commits[k].commitTerm

LogsConflict ==
  \E i, j \in Server : \E k \in 1..Min(LastIndex(i), LastIndex(j)) : log[i][k].term < log[j][k].term

SnapshotTaken == \E i \in Server : snapshotIndex[i] > 0

\* A server that has a leader's snapshot says so.
SnapshotInstalled ==
  \E m \in messages :
    m.type = "InstallSnapshotResponse" /\ m.index > 0 /\ snapshotIndex[m.source] = m.index

WriteOk         == \E w \in Write : client[w] = "Ok"
WriteRedirected == \E w \in Write : client[w] = "Redirected"
WriteRejected   == \E w \in Write : client[w] = "Rejected"
WriteUnknown    == \E w \in Write : client[w] = "Unknown"

\* A read returns something.
ReadWasServed == \E q \in Read : reads[q].status = "Served" /\ reads[q].index > 0
ReadHasFailed == \E q \in Read : reads[q].status = "Failed"

PreVoteRefused == \E m \in messages : m.type = "PreVoteResponse" /\ ~m.granted
PreVoteQuorum  == \E i \in Server : IsQuorum(preVotes[i])

\* Who was told to campaign has a quorum of votes.
TransferWon == \E i \in Server : transfer[i] = "campaign" /\ IsQuorum(votesGranted[i])

\* A vote is given in spite of a promise.
PromiseOverridden ==
  "transfer" \in Features
  /\ \E m \in messages : /\ m.type = "RequestVoteResponse" /\ m.granted
                          /\ electionElapsed[m.source] < ElectionTicks

\* Why Unknown is no failure.
UnknownWriteCommitted == \E k \in 1..Len(commits) : client[commits[k].write] = "Unknown"

\* == Anti-properties ==
\* Claims that one hears of Raft, and that are false of it. They are checked to see them fail.

\* A leader that somebody has deposed commits nothing more. It can: by an answer under way.
StaleLeaderNeverCommits ==
  [][\A i \in Server : Deposed(i) => commitIndex'[i] = commitIndex[i]]_vars

\* What a leader could not commit before it stepped down is lost.
DeposedWriteNeverCommits ==
  \A k \in 1..Len(commits) : client[commits[k].write] # "Unknown"

\* Never do two servers lead at once.
OneLeaderRole ==
  \A i, j \in Server : role[i] = "Leader" /\ role[j] = "Leader" => i = j

\* Every leader of a term later than a committed entry's own has it. It may have been elected before
\* the entry was committed, by a later leader.
EntryTermCompleteness ==
  \A k \in 1..Len(commits) : \A i \in Server :
    role[i] = "Leader" /\ currentTerm[i] > commits[k].term
      => k <= LastIndex(i) /\ log[i][k] = Entry(commits[k])

\* == Action properties ==

TermMonotonic == [][\A i \in Server : currentTerm'[i] >= currentTerm[i]]_vars

VoteStable ==
  [][\A i \in Server : votedFor'[i] # votedFor[i]
        => votedFor[i] = Nil \/ currentTerm'[i] > currentTerm[i]]_vars

\* A server in a later term acknowledges no request of an older one. If it answers at all, it
\* rejects, and tells its current term.
NoAckToStale ==
  [][\A m \in Consumed :
       m.type \in Requests /\ m.term < currentTerm[m.dest]
         => \A r \in messages' \ messages : r.source = m.dest =>
              /\ r.term = currentTerm[m.dest]
              /\ r.type \in {"PreVoteResponse", "RequestVoteResponse"} => ~r.granted
              /\ r.type = "AppendEntriesResponse" => ~r.success
              /\ r.type = "InstallSnapshotResponse" => r.index = 0]_vars

\* A stale request changes nothing at its receiver: no vote, log, promise, hint or role.
StaleFrame ==
  [][\A m \in Consumed :
       m.type \in Requests /\ m.term < currentTerm[m.dest]
         => LET i == m.dest
            IN /\ currentTerm'[i] = currentTerm[i] /\ role'[i] = role[i] /\ votedFor'[i] = votedFor[i]
               /\ leaderHint'[i] = leaderHint[i] /\ electionElapsed'[i] = electionElapsed[i]
               /\ log'[i] = log[i] /\ commitIndex'[i] = commitIndex[i]
               /\ snapshotIndex'[i] = snapshotIndex[i]]_vars

\* A stale response changes nothing but the network.
NoStaleResponseUsed ==
  [][\A m \in Consumed :
       m.type \in Responses /\ m.term < currentTerm[m.dest]
         => LET i == m.dest
            IN /\ votesGranted'[i] = votesGranted[i] /\ preVotes'[i] = preVotes[i]
               /\ ackAge'[i] = ackAge[i]
               /\ matchIndex'[i] = matchIndex[i] /\ nextIndex'[i] = nextIndex[i]]_vars

\* Where nothing is lost a request is answered: none is swallowed by a change of term.
RequestsAnswered ==
  [][\A m \in Consumed :
       "loss" \notin Faults /\ m.type \in Requests \ {"TimeoutNow"}
         => \E r \in messages' : r.type \in Responses /\ r.source = m.dest /\ r.dest = m.source]_vars

\* A pre-vote changes nothing at the server that gives or refuses it.
PreVoteFrame ==
  [][\A m \in Consumed :
       m.type = "PreVoteRequest"
         => LET i == m.dest
            IN /\ currentTerm'[i] = currentTerm[i] /\ role'[i] = role[i] /\ votedFor'[i] = votedFor[i]
               /\ leaderHint'[i] = leaderHint[i] /\ electionElapsed'[i] = electionElapsed[i]]_vars

\* It is given by nobody who leads, or heard from a leader within ElectionTicks.
PreVoteUndisturbing ==
  [][\A r \in messages' \ messages :
       r.type = "PreVoteResponse" /\ r.granted
         => role[r.source] # "Leader" /\ electionElapsed[r.source] = ElectionTicks]_vars

\* Where there are pre-votes, nobody campaigns by its own clock without a quorum of them.
CampaignBacked ==
  [][\A i \in Server :
       "pre_vote" \in Features /\ role'[i] = "Candidate" /\ currentTerm'[i] > currentTerm[i]
         => transfer'[i] = "campaign" \/ IsQuorum(preVotes[i])]_vars

LeaderAppendOnly ==
  [][\A i \in Server : role[i] = "Leader" /\ role'[i] = "Leader" => IsPrefix(log[i], log'[i])]_vars

CommittedPrefixStable ==
  [][\A i \in Server : IsPrefix(Prefix(i, commitIndex[i]), log'[i])]_vars

CommitOnlyCurrentTerm ==
  [][\A i \in Server : role[i] = "Leader" /\ commitIndex'[i] > commitIndex[i]
       => LET k == commitIndex'[i]
          IN k <= LastIndex(i) /\ log[i][k].term = currentTerm[i]]_vars

LegalTransition ==
  [][\A i \in Server : role'[i] # role[i] =>
       \E row \in TransitionTable :
         /\ row[1] = role[i] /\ row[2] = role'[i] /\ row[3] = (currentTerm'[i] > currentTerm[i])
         /\ "audit" \in History =>
              audit'[i] = [oldRole |-> role[i], newRole |-> role'[i], oldTerm |-> currentTerm[i],
                           newTerm |-> currentTerm'[i], reason |-> row[4]]]_vars

\* A write is accepted by a leader only, in contact with a quorum if leases count, it is answered
\* once, and Ok only by committing.
ClientOutcome ==
  [][\A w \in Write : client'[w] # client[w] =>
       \/ /\ client[w] = "Idle" /\ client'[w] = "Pending"
          /\ \E i \in Server :
               /\ role[i] = "Leader" /\ Len(log'[i]) > LastIndex(i)
               /\ LeasePolicy = "None" \/ (IsQuorum(RecentContacts(i)) /\ transfer[i] = "none")
       \/ client[w] = "Idle" /\ client'[w] \in {"Redirected", "Rejected"}
       \/ client[w] = "Pending" /\ client'[w] \in {"Ok", "Unknown"}]_vars

\* == Liveness properties ==
\* Under FairSpec and without faults, where not said otherwise.

\* A campaign brings about a leader. False as soon as two servers campaign at once: they split the
\* votes, and it takes another campaign, which nobody owes. True where campaigns are apart.
LeaderElected ==
  (\E i \in Server : role[i] = "Candidate") ~> (\E i \in Server : role[i] = "Leader")

\* A stale leader stops leading.
StaleLeaderStepsDown == \A i \in Server : Deposed(i) ~> (role[i] # "Leader")

\* And once a quorum has moved on, its own clock is enough, whatever is lost: under ClockSpec. Needs
\* leases.
LeaseEnds == \A i \in Server : Superseded(i) ~> (role[i] # "Leader")

\* Who wrote is told in the end, be it that the outcome is unknown.
WriteDecided == \A w \in Write : (client[w] = "Pending") ~> (client[w] # "Pending")
==============================================================================
