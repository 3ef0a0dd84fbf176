------------------------------- MODULE Digraph -------------------------------
(***************************************************************************)
(* A walk over a directed graph that the cfg draws: an arc from x to y is  *)
(* the number 10 * x + y.  Its twin is DIGRAPH in tests/liveness/models.py.*)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS
  Node,     \* 0..n
  ArcsA,    \* the arcs of action A
  ArcsB,    \* and of action B
  SetP,     \* the nodes where P holds
  SetQ,     \* and Q
  Inside    \* the nodes within the constraint

VARIABLE x

ATo(y) == 10 * x + y \in ArcsA /\ x' = y
BTo(y) == 10 * x + y \in ArcsB /\ x' = y

A == \E y \in Node : ATo(y)
B == \E y \in Node : BTo(y)

Init == x = 0
Next == A \/ B

Constraint == x \in Inside

Spec        == Init /\ [][Next]_x
WeakA       == Spec /\ WF_x(A)
StrongA     == Spec /\ SF_x(A)
WeakBoth    == Spec /\ WF_x(A) /\ WF_x(B)
StrongBoth  == Spec /\ SF_x(A) /\ SF_x(B)
StrongMixed == Spec /\ SF_x(A) /\ WF_x(B)
WeakEither  == Spec /\ WF_x(A \/ B)
WeakEach    == Spec /\ \A y \in Node : WF_x(ATo(y))
StrongEach  == Spec /\ \A y \in Node : SF_x(ATo(y) \/ BTo(y))

NotThree == x # 3
NoReturn == [][x' # 0]_x
Recurs   == []<>(x \in SetP)
Settles  == <>[](x \in SetP)
Leads    == (x \in SetP) ~> (x \in SetQ)
LeadsAll == \A y \in Node : (x = y /\ y \in SetP) ~> (x \in SetQ)
==============================================================================
