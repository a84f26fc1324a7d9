import KratixModel
import Kubernetes
import Testing

@testable import KratixControllers

/// The ConfigMap `kratix` (contract, section 10).
@Suite struct ConfigurationTests {
  @Test func everyKey() throws {
    let configuration = try KratixConfiguration(
      parsing: """
        numberOfJobsToKeep: 3
        reconciliationInterval: 2h
        stateStoreReconciliationInterval: 0s
        resourceBindingVersionStrategy: pinned
        somethingElse: [1, 2]
        git: {minimumFetchInterval: 1m}
        workflows:
          defaultContainerSecurityContext: {runAsNonRoot: true}
          defaultImagePullPolicy: Always
          defaultContainerResources: {limits: {cpu: "1"}}
          jobOptions: {defaultBackoffLimit: 4}
          reconcileAfterFailure: false
        """)
    #expect(configuration.numberOfJobsToKeep == 3)
    #expect(configuration.reconciliationInterval == .seconds(7200))
    #expect(configuration.stateStoreReconciliationInterval == .seconds(0))
    #expect(configuration.bindingStrategy == .pinned)
    #expect(configuration.minimumFetchInterval == .seconds(60))
    #expect(configuration.containerSecurityContext == ["runAsNonRoot": true])
    #expect(configuration.imagePullPolicy == "Always")
    #expect(configuration.containerResources == ["limits": ["cpu": "1"]])
    #expect(configuration.backoffLimit == 4)
    #expect(!configuration.reconcilesAfterFailure)
    #expect(configuration.complaints.isEmpty)
  }

  @Test func anEmptyOneHasTheDefaultsButASecurityContext() throws {
    var expected = KratixConfiguration.standard
    expected.containerSecurityContext = .emptyObject
    #expect(try KratixConfiguration(parsing: "") == expected)
  }

  @Test(arguments: [
    // A value that makes no sense, and the complaint; the default stays.
    ("numberOfJobsToKeep: -1", ["numberOfJobsToKeep: must be positive; using 5"]),
    ("numberOfJobsToKeep: 0", []),
    ("reconciliationInterval: 1d", ["reconciliationInterval: \"1d\" is no duration; using 10h0m0s"]),
    (
      "resourceBindingVersionStrategy: sticky",
      ["resourceBindingVersionStrategy: \"sticky\" is neither floating nor pinned; using floating"]
    ),
  ])
  func complaints(text: String, expected: [String]) throws {
    let configuration = try KratixConfiguration(parsing: text)
    #expect(configuration.complaints == expected)
    #expect(configuration.numberOfJobsToKeep == 5)
    #expect(configuration.reconciliationInterval == .seconds(36_000))
  }

  @Test func whatIsNoYAMLIsRefused() {
    #expect(throws: ReconcileError.self) { try KratixConfiguration(parsing: "a: [") }
  }
}
