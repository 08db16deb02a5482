// The injected faults and their tests. An oracle judges each outcome.
//
// | fault | tests |
// |---|---|
// | kill -9 producer mid-burst | ChaosTests, AdoptionTests |
// | kill -9 ingest at any step | KillFaultTests |
// | SIGSTOP ingest beyond its lease, SIGCONT | KillFaultTests |
// | two ingests, same partition | KillFaultTests |
// | kill -9 Redis, restart | ChaosTests, RewindTests |
// | Redis stopped, end of the AOF cut | LostWritesTests |
// | failover without the last writes | LostWritesTests |
// | LOADING, BUSY, MISCONF, NOREPLICAS, CLIENT PAUSE | TransientErrorTests for the client, ServerFaultTests for the ingest |
// | maxmemory reached | MemoryTests, ServerFaultTests |
// | CLIENT KILL of all clients every 100 ms | KilledConnectionsTests, ServerFaultTests |
// | latency, narrow bandwidth, sliced replies, resets, black hole | ClientNetworkTests, IngestNetworkTests |
// | wrong password, NOPERM | DeniedTests, ServerFaultTests, IngestAccountTests, OperatorAccountTests, RoleTests |
// | stream trimmed ahead of the cursor | StreamFaultTests |
// | repeated entries | StreamFaultTests |
// | invalid entries | PoisonFaultTests, ReplyFaultTests |
// | disk full, read-only, torn or flipped journal | HostTests, JournalFolderTests, DamageTests |
// | clock set one hour back and forward | StreamFaultTests |
// | fork, exec, exit in every state | ForkTests, HostTests |
// | forked children of all kinds, changes of the number of partitions, keys of a wrong type, cut replies, another user,
//   hostile servers | Scripts/chaos, judged by the oracle of OracleTests |
// | mutated journals and mutated replies | FuzzTests, and Scripts/fuzz for the long run |
// | random faults in combination | ChaosTests, and Scripts/chaos for the long run |
