------------------------------ MODULE LeaseRates ------------------------------
(***************************************************************************)
(* A leader lease on clocks that run at different rates, for ever: then no *)
(* bound on their difference holds, as RaftFencing assumes with ClockSkew. *)
(*                                                                         *)
(* What is left of Raft is one leader and the voter that its lease counts  *)
(* on, who is in every quorum without the leader's consent.  In one unit   *)
(* of time a clock advances by anything from Slow to Fast.  With           *)
(* rho = (Fast - Slow) / (Fast + Slow) the claim is                        *)
(*     LeaseTime <= ElectionTime * (1 - rho) / (1 + rho),                  *)
(* which is LeaseTime * Fast <= ElectionTime * Slow.  It is exact where    *)
(* ElectionTime is a multiple of Fast: the unit is then fine enough.       *)
(*                                                                         *)
(* The twin is pymodel/raft/lease_rates.py.                                *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS
  ElectionTime,  \* the voter keeps its promise for so long by its own clock
  LeaseTime,     \* the lease lasts so long by the leader's, from the sending of the request
  Slow, Fast     \* how much a clock advances in a unit of time, at least and at most

ASSUME RatesOK ==
  /\ {ElectionTime, LeaseTime, Slow, Fast} \subseteq Nat
  /\ 0 < Slow /\ Slow <= Fast

VARIABLES
  lease,    \* 0..LeaseTime, leader's time since the sending of the newest request that was answered
  promise,  \* 0..ElectionTime, voter's time since it heard the leader
  request,  \* 0..Absent, leader's time since the sending of the request in flight
  answer,   \* 0..Absent, the same of the request that is answered by the answer in flight
  elected   \* whether the voter has elected a leader of a higher term

vars == <<lease, promise, request, answer, elected>>

Absent == LeaseTime + 1
Min(a, b) == IF a < b THEN a ELSE b

Init ==
  /\ lease = LeaseTime
  /\ promise = 0
  /\ request = Absent
  /\ answer = Absent
  /\ elected = FALSE

Send ==
  /\ request = Absent
  /\ request' = 0
  /\ UNCHANGED <<lease, promise, answer, elected>>

\* A voter in a higher term would not follow: its answer is no acknowledgement.
Hear ==
  /\ request # Absent
  /\ ~elected
  /\ promise' = 0
  /\ answer' = request
  /\ request' = Absent
  /\ UNCHANGED <<lease, elected>>

Count ==
  /\ answer # Absent
  /\ lease' = Min(lease, answer)
  /\ answer' = Absent
  /\ UNCHANGED <<promise, request, elected>>

Lose ==
  /\ request # Absent \/ answer # Absent
  /\ request' = Absent
  /\ answer' = Absent
  /\ UNCHANGED <<lease, promise, elected>>

Elect ==
  /\ promise = ElectionTime
  /\ ~elected
  /\ elected' = TRUE
  /\ UNCHANGED <<lease, promise, request, answer>>

Aged(age, passed) == IF age = Absent THEN age ELSE Min(age + passed, LeaseTime)

Pass(leader, voter) ==
  /\ lease' = Min(lease + leader, LeaseTime)
  /\ promise' = Min(promise + voter, ElectionTime)
  /\ request' = Aged(request, leader)
  /\ answer' = Aged(answer, leader)
  /\ UNCHANGED elected

Next ==
  \/ Send
  \/ Hear
  \/ Count
  \/ Lose
  \/ Elect
  \/ \E leader, voter \in Slow..Fast : Pass(leader, voter)

Spec == Init /\ [][Next]_vars

\* While the lease is valid there is no leader of a higher term.
LeaseExclusion == elected => lease = LeaseTime
===============================================================================
