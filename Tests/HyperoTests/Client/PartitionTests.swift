import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("Partitions and namespaces", .serialized)
struct PartitionTests {
    /// Returns the CRC16/XMODEM of the cluster specification, computed bit by bit, unlike in the tested code.
    private static func crc16(_ text: String) -> UInt16 {
        var register: UInt32 = 0
        for bit in text.utf8.flatMap({ byte in (0..<8).reversed().map { UInt32(byte >> $0 & 1) } })
            + Array(repeating: 0, count: 16)
        {
            register = register << 1 | bit
            if register & 0x1_0000 != 0 { register ^= 0x1_1021 }
        }
        return UInt16(register)
    }

    @Test func `A client writes to the partition that the CRC16 of its producer selects`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        #expect(Self.crc16("123456789") == 0x31C3)
        for _ in 0..<12 {
            let client = try fixture.client(server.url) { $0.partitions = 4 }
            _ = Hypero(client).battery("b").experiment()
            #expect(client.close(timeout: .seconds(60)))
            let stream = "{hypero:\(Self.crc16(client.producer.text) % 4)}:events"
            let producers = try server.entries(of: stream).map { $0.event?.origin?.producer }
            #expect(producers.contains(client.producer))
        }
        #expect(server.cli("EXISTS", "{hypero}:events") == "0")
    }

    @Test func `A client that resumes an experiment logs to its partition, and refuses one of another partition`()
        throws
    {
        let fixture = try ClientFixture()
        for producer in (0..<8).map({ "producer\($0)" }) {
            let id = "\(producer)-3"
            let client = try fixture.client {
                $0.partitions = 4
                $0.resumed = id
            }
            #expect(Self.crc16(client.producer.text) % 4 == Self.crc16(producer) % 4)
            let battery = Hypero(client).battery("b")
            battery.experiment(resuming: id, from: 2).log(epoch: 2, valid: 1)
            let other = try #require(
                (0...).lazy.map { "other\($0)" }.first { Self.crc16($0) % 4 != Self.crc16(producer) % 4 })
            battery.experiment(resuming: "\(other)-1").log(epoch: 2, valid: 1)
            let events = try client.renderedEntries().compactMap(\.event)
            #expect(Set(events.compactMap { $0.experiment?.text }) == [id])
        }
        #expect(fixture.recorder.count(containing: "experiment not resumed: other") == 8)
    }

    @Test func `The namespace is set by an argument or by the environment`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let first = try fixture.client(server.url) { $0.namespace = "lab" }
        _ = Hypero(first).battery("b").experiment()
        #expect(first.close(timeout: .seconds(60)))
        let variables = ["HYPERO_NAMESPACE": "office", "HYPERO_PARTITIONS": "1"]
        let second = try fixture.client(server.url, variables: variables)
        _ = Hypero(second).battery("b").experiment()
        #expect(second.close(timeout: .seconds(60)))
        #expect(try server.seqs(of: "{lab}:events") == [1, 2])
        #expect(try server.seqs(of: "{office}:events") == [1, 2])
    }

    @Test(arguments: [
        ["HYPERO_NAMESPACE": "a b"], ["HYPERO_PARTITIONS": "x"], ["HYPERO_PARTITIONS": "0"],
        ["HYPERO_PARTITIONS": "16385"],
    ])
    func `An invalid namespace or number of partitions is rejected with an error`(variables: [String: String]) throws {
        let fixture = try ClientFixture()
        #expect(throws: SchemaError.self) { try fixture.client(variables: variables) }
        #expect(fixture.journals == [])
    }
}
