// What can go wrong around hypero: the fault is injected, and an oracle says whether the promise held.
//
// | fault | where it is shown |
// |---|---|
// | kill -9 producer mid-burst | ChaosTests, AdoptionTests |
// | kill -9 ingest at any step | KillFaultTests |
// | SIGSTOP ingest beyond its lease, SIGCONT | KillFaultTests |
// | two ingests, same partition | KillFaultTests |
// | kill -9 Redis, restart | ChaosTests, RewindTests |
// | Redis stopped, end of the AOF cut | LostWritesTests |
// | failover without the last writes | LostWritesTests |
// | LOADING, BUSY, MISCONF, NOREPLICAS, CLIENT PAUSE | PassingTroubleTests for the client, ServerFaultTests for the ingest |
// | maxmemory reached | MemoryTests, ServerFaultTests |
// | CLIENT KILL of everything each 100 ms | KilledConnectionsTests, ServerFaultTests |
// | latency, narrow line, sliced replies, resets, black hole | ClientNetworkTests, IngestNetworkTests |
// | wrong password, NOPERM | DeniedTests, ServerFaultTests |
// | stream trimmed ahead of the cursor | StreamFaultTests |
// | the same entries again | StreamFaultTests |
// | poison | PoisonFaultTests, ReplyFaultTests |
// | disk full, read-only, torn or flipped journal | HostTests, JournalFolderTests, DamageTests |
// | clock one hour back and forth | StreamFaultTests |
// | fork, exec, exit in every state | ForkTests, HostTests |
// | all of it together | ChaosTests, and Scripts/chaos |
