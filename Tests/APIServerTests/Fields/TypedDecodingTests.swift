import Kubernetes
import Testing

@testable import APIServer

@Suite struct TypedDecodingTests {
  private func decode(_ kind: String, _ object: JSON, group: String = "") throws -> (JSON, [String]) {
    let message = try #require(FieldTable.message(for: GroupVersionKind(group: group, version: "v1", kind: kind)))
    var decoding = TypedDecoding()
    let result = try decoding.decode(object, as: message)
    return (result, decoding.unknownFields)
  }

  @Test func everyReferenceOfTheTableIsThere() {
    func check(_ kind: FieldTable.Field.Kind, _ place: String) {
      switch kind {
      case .message(let name): #expect(FieldTable.messages[name] != nil, "\(place) names \(name)")
      case .list(let element), .map(let element): check(element, place)
      default: break
      }
    }
    #expect(FieldTable.messages.count > 300)
    for message in FieldTable.messages.values {
      for field in message.fields { check(field.kind, "\(message.name).\(field.name)") }
    }
  }

  @Test(arguments: BuiltInResources.all.filter { $0.type.group != "events.k8s.io" || $0.type.plural == "events" })
  func everyBuiltInKindHasFields(_ resource: ServedResource) {
    #expect(FieldTable.message(for: resource.type.groupVersionKind) != nil)
  }

  @Test func unknownFieldsAreNamedWhereTheyStand() throws {
    let (result, unknown) = try decode(
      "Pod",
      [
        "apiVersion": "v1", "kind": "Pod", "extra": 1,
        "spec": ["containers": [["name": "c", "imag": "x", "env": [["name": "e", "valu": "1"]]]]],
      ])
    #expect(unknown == ["extra", "spec.containers[0].env[0].valu", "spec.containers[0].imag"])
    #expect(result["spec"]?["containers"]?[0]?["env"] == [["name": "e"]])
  }

  @Test func inlinedFieldsStandBesideTheOthers() throws {
    let volume: JSON = ["name": "v", "configMap": ["name": "c"]]
    let (result, unknown) = try decode("Pod", ["spec": ["containers": .array([]), "volumes": [volume]]])
    #expect(unknown.isEmpty)
    #expect(result["spec"]?["volumes"]?[0] == volume)
  }

  @Test func emptyValuesAreWrittenAsGoWritesThem() throws {
    let (pod, _) = try decode(
      "Pod",
      [
        "spec": ["containers": [["name": "c"]]],
        "status": ["containerStatuses": [["name": "c"]], "conditions": [["type": "Ready", "status": "True"]]],
      ])
    #expect(pod["status"]?["containerStatuses"]?[0]?["lastState"] == .emptyObject)
    #expect(pod["status"]?["containerStatuses"]?[0]?["restartCount"] == 0)
    #expect(pod["status"]?["conditions"]?[0]?["lastProbeTime"] == .null)
    #expect(pod["spec"]?["containers"]?[0]?["resources"] == .emptyObject)
    // A pointer to zero is not the same as none.
    let (deployment, _) = try decode("Deployment", ["spec": ["replicas": 0, "paused": false]], group: "apps")
    #expect(deployment["spec"]?["replicas"] == 0)
    #expect(deployment["spec"]?["paused"] == nil)
  }

  @Test func wrongTypesAreErrorsInGosWords() {
    let cases: [(String, String, JSON, String)] = [
      (
        "ConfigMap", "", ["data": ["a": 1]],
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
      ),
      (
        "Deployment", "apps", ["spec": ["replicas": "two"]],
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
      ),
      (
        "Pod", "", ["spec": ["containers": "x"]],
        "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container"
      ),
    ]
    for (kind, group, object, message) in cases {
      do {
        _ = try decode(kind, object, group: group)
        Issue.record("\(kind) was accepted")
      } catch {
        #expect((error as? TypeMismatch)?.message == message)
      }
    }
  }

  /// The bytes that kubectl 1.32 sent for `create configmap c --from-literal=a=b` and for `auth can-i`.
  @Test func protobufBecomesJSON() throws {
    let data: [UInt8] = [0x0A, 0x01, 0x61, 0x12, 0x01, 0x62]
    let metadata: [UInt8] = [0x0A, 0x01, 0x63, 0x12, 0x00, 0x1A, 0x00, 0x42, 0x00]
    let map = [0x0A, UInt8(metadata.count)] + metadata + [0x12, UInt8(data.count)] + data
    let type: [UInt8] = [0x0A, 0x02] + Array("v1".utf8) + [0x12, 0x09] + Array("ConfigMap".utf8)
    let body = [0x6B, 0x38, 0x73, 0x00, 0x0A, UInt8(type.count)] + type + [0x12, UInt8(map.count)] + map
    let decoded = try ProtobufDecoding.object(body)
    #expect(decoded["kind"] == "ConfigMap")
    #expect(decoded["metadata"]?["name"] == "c")
    #expect(decoded["data"] == ["a": "b"])
    for length in 4..<body.count {
      // Cut anywhere, it is refused or read as far as it goes; it never traps.
      _ = try? ProtobufDecoding.object(Array(body.prefix(length)))
    }
  }
}
