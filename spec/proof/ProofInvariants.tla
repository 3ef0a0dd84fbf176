--------------------------- MODULE ProofInvariants ---------------------------
(***************************************************************************)
(* What docs/PROOF.md proves for any number of servers, as far as TLC can  *)
(* evaluate it: the conjuncts of the invariant and the theorems that speak *)
(* of the spec's own variables. What they say of ghosts is left out, or    *)
(* read off the history variables `elections`, `commits` and `acks`.       *)
(*                                                                         *)
(* The names are those of pymodel/proof. A conjunct that is an invariant   *)
(* of the spec already (ElectionSafety, LogMatching, ...) is not repeated. *)
(***************************************************************************)
EXTENDS MC

Granted == {m \in messages : m.type = "RequestVoteResponse" /\ m.granted}
Appends == {m \in messages : m.type = "AppendEntriesRequest"}
Snaps   == {m \in messages : m.type = "InstallSnapshotRequest"}
Won(t)  == \E e \in elections : e.term = t
Leads(i) == role[i] = "Leader"

\* A granted vote that is still of its voter's term is the voter's vote.
VoteVoted == \A m \in Granted : m.term = currentTerm[m.source] => votedFor[m.source] = m.dest

\* A vote that a candidate counted was given to it, for this term, unless the voter moved on.
GrantedVoted ==
  \A i \in Server : \A j \in votesGranted[i] :
    currentTerm[j] >= currentTerm[i] /\ (currentTerm[j] = currentTerm[i] => votedFor[j] = i)

\* The voters of a term's leader have reached the term: a quorum.
LeaderQuorum ==
  \A e \in elections : IsQuorum({i \in Server : currentTerm[i] >= e.term})

LeaderIsElected == \A i \in Server : Leads(i) => [term |-> currentTerm[i], leader |-> i] \in elections

CandidateUnelected ==
  \A i \in Server : role[i] = "Candidate" => [term |-> currentTerm[i], leader |-> i] \notin elections

\* A candidate asks with the log that it has, as long as it is one.
RequestEntry ==
  \A m \in messages :
    m.type = "RequestVoteRequest" /\ role[m.source] = "Candidate" /\ currentTerm[m.source] = m.term
      => m.lastLogIndex = LastIndex(m.source) /\ m.lastLogTerm = LastTerm(m.source)

\* Entries of a term exist only if it was won.
LogEntries == \A i \in Server : \A k \in 1..LastIndex(i) : Won(log[i][k].term)

\* A request of a leader that still leads carries what its log holds.
AppendEntry ==
  \A m \in Appends : Leads(m.source) /\ currentTerm[m.source] = m.term =>
    /\ m.prevLogIndex + Len(m.entries) <= LastIndex(m.source)
    /\ m.prevLogTerm = TermAt(m.source, m.prevLogIndex)
    /\ m.entries # <<>> => m.entries[1] = log[m.source][m.prevLogIndex + 1]

SnapshotEntry ==
  \A m \in Snaps : Leads(m.source) /\ currentTerm[m.source] = m.term =>
    m.content = Prefix(m.source, m.lastIndex)

\* What a leader told or tells as its commit index is committed.
CommitSent ==
  /\ \A m \in Appends : m.commitIndex <= Len(commits)
  /\ \A m \in Snaps : m.lastIndex <= Len(commits)
  /\ \A i \in Server : commitIndex[i] <= Len(commits)

\* Whoever acknowledged in the term of a leader, and is in it still, holds the leader's log so far.
AckHeld ==
  \A a \in acks : \A i \in Server : Leads(i) /\ currentTerm[i] = a.term /\ currentTerm[a.server] = a.term =>
    /\ a.index <= LastIndex(i)
    /\ Prefix(i, a.index) = Prefix(a.server, a.index)

MatchIdle == \A i, j \in Server : ~Leads(i) => matchIndex[i][j] = 0

\* An entry of a leader's term is choosable if a quorum holds it or is not yet past the term. A server
\* that acknowledged it, and whoever leads a later term, then has it.
Choosable(t, k) ==
  IsQuorum({i \in Server : currentTerm[i] <= t \/ \E a \in acks : a.term = t /\ a.server = i /\ a.index >= k})

ChoosableKept ==
  \A a \in acks : \A l \in Server : \A k \in 1..a.index :
    Leads(l) /\ currentTerm[l] = a.term /\ k <= LastIndex(l) /\ log[l][k].term = a.term /\ Choosable(a.term, k)
      => k <= LastIndex(a.server) /\ log[a.server][k] = log[l][k]

ChoosableLeader ==
  \A l, i \in Server : \A k \in 1..LastIndex(l) :
    (/\ Leads(l) /\ Leads(i) /\ currentTerm[l] < currentTerm[i]
     /\ log[l][k].term = currentTerm[l] /\ Choosable(currentTerm[l], k))
      => k <= LastIndex(i) /\ log[i][k] = log[l][k]

\* == Theorems of steps ==

\* Who newly acknowledges in term t was in none above, and is in t. Votes too.
FenceAck ==
  [][\A a \in acks' \ acks : currentTerm[a.server] <= a.term /\ currentTerm'[a.server] = a.term]_vars
FenceVote ==
  [][\A m \in messages' \ messages : m.type = "RequestVoteResponse" /\ m.granted =>
       currentTerm[m.source] = m.term /\ currentTerm'[m.source] = m.term]_vars

\* What a leader commits while a later term is won is in the log of that term's leader.
StaleCommitIsOld ==
  [][\A k \in Len(commits) + 1..Len(commits') : \A i \in Server :
       Leads(i) /\ currentTerm[i] > commits'[k].commitTerm
         => k <= LastIndex(i) /\ log[i][k] = Entry(commits'[k])]_vars
===============================================================================
