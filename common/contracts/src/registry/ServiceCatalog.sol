// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Catalogue} from "./Catalogue.sol";

// The catalogue alone, for a network whose registry only knows a URI.
contract ServiceCatalog is Catalogue {
    constructor(address controllerAddress) Manager(controllerAddress) {}
}
