import Testing

/// The Promise that the scenarios use: its pipeline greets whom a request names. Images below Images/greeter.
enum Greeter {
  static let repository = "example.com/kratix-e2e/greeter"

  static func image(_ version: String) -> String { "\(repository):\(version)" }

  /// For `sandbox up`.
  static var images: [String] {
    ["v1", "v2", "v3-fails", "bad-yaml", "endless"].flatMap { version in
      ["--image", "\(image(version))=\(Platform.root)/Tests/EndToEndTests/Images/greeter/\(version)"]
    }
  }

  /// The Promise as YAML.
  /// - Parameters:
  ///   - version: the label; nil for none.
  ///   - properties: of the API's spec, in YAML's flow style.
  static func promise(
    name: String = "greeter", image: String, version: String?, properties: String = "{who: {type: string}}",
    extra: String = ""
  ) -> String {
    let kind = name.prefix(1).uppercased() + name.dropFirst()
    let label = version.map { "\n  labels: {kratix.io/promise-version: \($0)}" } ?? ""
    return """
      apiVersion: platform.kratix.io/v1alpha1
      kind: Promise
      metadata:
        name: \(name)\(label)
      spec:
        api:
          apiVersion: apiextensions.k8s.io/v1
          kind: CustomResourceDefinition
          metadata: {name: \(name)s.e2e.example.com}
          spec:
            group: e2e.example.com
            names: {kind: \(kind), plural: \(name)s, singular: \(name)}
            scope: Namespaced
            versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec: {type: object, properties: \(properties)}
        destinationSelectors:
        - matchLabels: {environment: dev}
        workflows:
          resource:
            configure:
            - apiVersion: platform.kratix.io/v1alpha1
              kind: Pipeline
              metadata: {name: greet}
              spec:
                jobOptions: {backoffLimit: 0}
                restartPolicy: Never
                containers:
                - name: greet
                  image: \(image)
      \(extra)
      """
  }

  static func request(_ name: String, who: String, promise: String = "greeter") -> String {
    let kind = promise.prefix(1).uppercased() + promise.dropFirst()
    return """
      apiVersion: e2e.example.com/v1
      kind: \(kind)
      metadata: {name: \(name), namespace: default}
      spec: {who: \(who)}
      """
  }
}

extension Platform {
  /// Installs a Promise and waits until it serves requests.
  func install(_ promise: String, name: String = "greeter") async throws {
    try await kubectl("apply", "-f", "-", input: promise).succeeded()
    try await wait("promise/\(name)", for: "condition=Available")
  }

  /// Applies a request and waits until its status says `message`.
  func request(_ name: String, who: String, promise: String = "greeter", until message: String) async throws {
    try await kubectl("apply", "-f", "-", input: Greeter.request(name, who: who, promise: promise)).succeeded()
    try await wait("\(promise)/\(name)", for: "jsonpath={.status.message}=\(message)")
  }

  /// Deletes Promises and with them all that they made; nothing that is not there is an error.
  func remove(promises names: String...) async throws {
    for name in names {
      try await kubectl("delete", "promise", name, "--ignore-not-found", "--timeout=120s").succeeded()
    }
  }
}
