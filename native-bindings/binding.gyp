{
  "targets": [
    {
      "target_name": "sekisho",
      "sources": [
        "addon.cc",
        "acceptor.cc",
        "adopt.cc",
        "boot-clock.cc",
        "ec-key.cc",
        "head-verdict.cc",
        "lanes.cc",
        "listen.cc",
        "mapped-file.cc",
        "openssl.cc",
        "peer-table.cc",
        "p256-curve.cc",
        "p256-lanes-fma.cc",
        "p256-lanes-ifma.cc",
        "rsa-key.cc",
        "rsa-lanes-fma.cc",
        "rsa-lanes-ifma.cc",
        "session-pool.cc",
        "token-session.cc",
        "token-signer.cc",
      ],
      "include_dirs": [
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!(node -p \"require('path').join(path.dirname(require.resolve('pkcs11js')), 'includes/pkcs11')\")",
      ],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags": ["-Wall", "-Wextra"],
      # The language version is that of Node's own headers: C++17 for Node 20, C++20 for Node 24.
      "cflags_cc": ["-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"],
      # Not unloaded with the worker thread that loaded it: a thread of the session pool may still be in a call.
      "ldflags": ["-Wl,-z,nodelete"],
      "conditions": [["OS=='linux'", {"libraries": ["-ldl"]}]],
    }
  ]
}
