--------------------------------- MODULE Lock ---------------------------------
(***************************************************************************)
(* Processes that take a lock in turn.  Its twin is LOCK in                *)
(* tests/liveness/models.py.                                               *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANT Proc
VARIABLE pc

Symmetric == Permutations(Proc)
Whole     == pc

Init == pc = [i \in Proc |-> "idle"]

Ask(i)   == pc[i] = "idle" /\ pc' = [pc EXCEPT ![i] = "waiting"]
Enter(i) == /\ pc[i] = "waiting" /\ \A j \in Proc : pc[j] # "inside"
            /\ pc' = [pc EXCEPT ![i] = "inside"]
Leave(i) == pc[i] = "inside" /\ pc' = [pc EXCEPT ![i] = "idle"]
Next == \E i \in Proc : Ask(i) \/ Enter(i) \/ Leave(i)

Spec       == Init /\ [][Next]_pc
WeakSpec   == Spec /\ \A i \in Proc : WF_pc(Enter(i)) /\ WF_pc(Leave(i))
StrongSpec == Spec /\ \A i \in Proc : SF_pc(Enter(i)) /\ WF_pc(Leave(i))
JointSpec  == Spec /\ WF_pc(\E i \in Proc : Enter(i) \/ Leave(i))

Excluded == Cardinality({i \in Proc : pc[i] = "inside"}) <= 1

NoStarvation == \A i \in Proc : (pc[i] = "waiting") ~> (pc[i] = "inside")
Freed        == []<>(\A i \in Proc : pc[i] # "inside")
SomeoneEnters == (\E i \in Proc : pc[i] = "waiting") ~> (\E i \in Proc : pc[i] = "inside")
Rests        == <>[](\A i \in Proc : pc[i] = "idle")
===============================================================================
