------------------------------ MODULE Counter ------------------------------
(* A counter with a holder: small enough that its graph is written out by hand in the tests. *)
EXTENDS Naturals, Sequences
CONSTANTS Holder, Top, Nobody
VARIABLES count, holder, path
vars == <<count, holder, path>>

Init == count = 0 /\ holder = Nobody /\ path = <<>>

Take(h) == holder = Nobody /\ holder' = h /\ UNCHANGED <<count, path>>
Step(h) ==
  /\ holder = h
  /\ count < Top
  /\ count' = count + 1
  /\ path' = Append(path, [by |-> h, at |-> count])
  /\ UNCHANGED holder
Reset == count > 1 /\ count' = 0 /\ path' = <<>> /\ UNCHANGED holder
Idle == holder # Nobody /\ UNCHANGED vars

\* Step(h) cannot happen at Top and nothing else moves then: a deadlock.
Onward == \E h \in Holder : Take(h) \/ Step(h)
Next == (\E h \in Holder : Take(h) \/ Step(h)) \/ Reset \/ Idle
Spec == Init /\ [][Next]_vars
OnwardSpec == Init /\ [][Onward]_vars
FairSpec == Spec /\ WF_vars(Next)

Even(n) == n % 2 = 0
BelowTwo == count < 2
Started == count > 0
Grows == [][count' >= count]_count
SmallSteps == [][count' <= count + 1]_count
GrowsSlowly == SmallSteps /\ [][count' # count + 1 \/ count < 1]_count
Arrives == <>(count = Top)
=============================================================================
