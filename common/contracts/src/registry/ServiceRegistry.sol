// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Catalogue} from "./Catalogue.sol";

// Where an orchestrator answers. Nothing is checked here, on purpose: clients
// must treat the text as untrusted anyway.
contract ServiceRegistry is Catalogue {
    event ServiceURIUpdate(address indexed addr, string serviceURI);

    constructor(address controllerAddress) Manager(controllerAddress) {}

    function setServiceURI(string calldata uri) external {
        records[msg.sender].serviceURI = uri;
        emit ServiceURIUpdate(msg.sender, uri);
    }

    function getServiceURI(address who) external view returns (string memory) {
        return records[who].serviceURI;
    }
}
