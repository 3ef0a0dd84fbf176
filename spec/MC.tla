---------------------------------- MODULE MC ----------------------------------
(***************************************************************************)
(* RaftFencing made finite: bounds, symmetry, the witnesses negated, and   *)
(* the mutants that a cfg swaps in for a guard.  The Python twins are      *)
(* pymodel/raft/bounds.py and pymodel/raft/mutants.py.                     *)
(*                                                                         *)
(* A cfg swaps exactly one operator, such as                               *)
(*     CONSTANT StaleAppendEntriesRequest <- False2                        *)
(* and is expected to fail with the property that its first line names.    *)
(***************************************************************************)
EXTENDS Properties, TLC

\* == Bounds ==

CONSTANTS
  MaxTerm,      \* terms beyond it are not explored
  MaxLogLen,    \* nor longer logs
  MaxMessages   \* nor more messages in flight

\* A successor outside is still checked, but neither counted nor expanded.
StateConstraint ==
  /\ \A i \in Server : currentTerm[i] <= MaxTerm /\ LastIndex(i) <= MaxLogLen
  /\ Cardinality(messages) <= MaxMessages

\* == Symmetry ==

\* Servers are interchangeable: no action or property names one.
ServerSymmetry == Permutations(Server)

\* == Negated witnesses ==
\* As an invariant, each fails where its witness is reached, with a shortest behaviour that leads there.

NeverSomeoneLeads          == ~SomeoneLeads
NeverTwoLead               == ~TwoLead
NeverLeaseHeld             == ~LeaseHeld
NeverLeaseOutlivesTerm     == ~LeaseOutlivesTerm
NeverEntryCommitted        == ~EntryCommitted
NeverOldEntryCommitted     == ~OldEntryCommitted
NeverLogsConflict          == ~LogsConflict
NeverSnapshotTaken         == ~SnapshotTaken
NeverSnapshotInstalled     == ~SnapshotInstalled
NeverWriteOk               == ~WriteOk
NeverWriteRedirected       == ~WriteRedirected
NeverWriteRejected         == ~WriteRejected
NeverWriteUnknown          == ~WriteUnknown
NeverReadWasServed         == ~ReadWasServed
NeverReadHasFailed         == ~ReadHasFailed
NeverPreVoteRefused        == ~PreVoteRefused
NeverPreVoteQuorum         == ~PreVoteQuorum
NeverTransferWon           == ~TransferWon
NeverPromiseOverridden     == ~PromiseOverridden
NeverUnknownWriteCommitted == ~UnknownWriteCommitted

\* == Views ==

\* States that differ only in what no action reads are one. A property of the history is then
\* checked on the first history that led to a state, not on each.
WithoutHistory ==
  <<currentTerm, role, votedFor, votesGranted, leaderHint, preVotes, transfer, log, commitIndex,
    snapshotIndex, snapshotTerm, matchIndex, nextIndex, electionElapsed, ackAge, skew, client, reads,
    messages>>

\* == Mutants ==

\* For any guard of that many parameters.
True0 == TRUE
True1(a) == TRUE
True2(a, b) == TRUE
True3(a, b, c) == TRUE
False0 == FALSE
False1(a) == FALSE
False2(a, b) == FALSE
False3(a, b, c) == FALSE

\* For HigherTerm: the term of an answer is not looked at (a control: slower, not unsafe).
HigherTermInRequest(i, m) == m.type \in Requests /\ m.term > currentTerm[i]
\* And: who leads hears of no newer term.
HigherTermUnlessLeading(i, m) == role[i] # "Leader" /\ m.term > currentTerm[i]
\* For AnswerTerm: an answer repeats the term of its request.
TermOfRequest(i, m) == m.term
\* For HintAfterStepDown: whoever told the higher term is taken for its leader.
SenderHint(i, m) == m.source
\* For RenewedAge: the lease counts from the arrival of the answer.
AgeAtReceipt(m) == 0
\* For AgeAfterRejection: any answer is contact.
RejectionRenews(i, m) == 0
\* For AckAgeAtElection: winning an election counts as contact.
FreshAckAge == 0
\* For VoteAfterStepDown and VoteAfterRestart: the vote of this term is forgotten.
VoteForgotten(i) == Nil
\* For TermAfterRestart: the term is forgotten.
TermForgotten(i) == 0
\* For ElapsedAfterRestart: the promise is forgotten.
PromiseForgotten(i) == ElectionTicks
\* For CommitAfterRestart: the commit index is durable (safe), or all that a server holds is committed.
CommitKept(i) == commitIndex[i]
WholeLogCommitted(i) == LastIndex(i)
\* For IsQuorum: half of the servers are enough.
HalfIsQuorum(servers) == 2 * Cardinality(servers) >= Cardinality(Server)
\* For TermOfNewEntry: a term that the leader does not have yet, or that it read once and for all.
TermAhead(i) == currentTerm[i] + 1
FirstTerm(i) == 1
\* For AppendsAfter: what is not committed yet is overwritten.
AfterCommitted(i) == commitIndex[i]
\* For AppendsAfter: if all is committed, the last entry is overwritten.
OverCommitted(i) ==
  IF commitIndex[i] = LastIndex(i) /\ LastIndex(i) > snapshotIndex[i] THEN LastIndex(i) - 1 ELSE LastIndex(i)
\* For CommitQuorum: the leader is among those counted, and added again.
SelfCountedTwice(i, k) == 2 * (Cardinality(Holders(i, k)) + 1) > Cardinality(Server)
\* For FollowerCommit: the leader's word taken beyond what was compared.
LeaderCommit(m) == m.commitIndex
\* For OutcomeAtAppend: the client is answered before the write commits.
OkAtAppend == "Ok"
\* For OutcomeAtStepDown: a write that was appended is said to have failed.
RedirectAtStepDown == "Redirected"
\* For OutcomeAtStepDown: who wrote is told nothing (safe, and it waits forever).
PendingAtStepDown == "Pending"
\* For RecordsTransition: one kind of transition is not recorded.
ForgetsCampaign(i, reason)   == reason # "election_timeout"
ForgetsVictory(i, reason)    == reason # "won_election"
ForgetsStepDown(i, reason)   == reason \notin {"higher_term", "current_leader"}
ForgetsExpiry(i, reason)     == reason # "lease_expired"
\* For TransitionReason: one reason is taken for another.
ExpiryAsHigherTerm(i, reason) == IF reason = "lease_expired" THEN "higher_term" ELSE reason
HigherTermAsExpiry(i, reason) == IF reason = "higher_term" THEN "lease_expired" ELSE reason
\* For HandledAfterUpdate: a vote request is spent on the new term that it brings.
SwallowsVoteRequest(m) == m.type # "RequestVoteRequest"
\* For ReadLeaseValid: the lease was looked at once, when it was first valid, and not since.
LeaseOnceHeld(i) == IsQuorum({i} \cup {j \in Server : matchIndex[i][j] > 0})
\* For TermAfterPreVote: the term that is asked about is taken.
PreVoteTermTaken(i, m) == m.term + 1
\* For HasVoteAtCampaign: who would vote has voted.
PreVoteCounts(i, j) == j = i \/ j \in preVotes[i]
\* For LeaseYielded: the lease comes back when the transfer is called off.
YieldedWhileTransferring(i) == transfer[i] = "transferring"
\* For StageAfterTimeout: a later campaign still claims to be wanted by a leader.
StageKept(i) == transfer[i]
\* For ElectionTimeoutElapsed: campaigns are apart, as random timeouts make them in most cases.
ElapsedAlone(i) ==
  electionElapsed[i] >= ElectionTicks /\ \A j \in Server \ {i} : role[j] # "Candidate"
===============================================================================
