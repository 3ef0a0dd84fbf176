----------------------------- MODULE MCCounter -----------------------------
EXTENDS Counter, TLC
ASSUME Top < 10
AtMostOne == count <= 1
Holders == Permutations(Holder)
NobodyInit == Init /\ count = 1
TakesWrong == count' = path[1].by /\ UNCHANGED <<holder, path>>
Wrong == Init /\ [][Next \/ (count = 1 /\ TakesWrong)]_vars
=============================================================================
